"""Calls generated bindings through clients that answer what they are told to."""

import asyncio
import hashlib
import importlib
import pathlib
import unittest

import redis.exceptions
from scripts import idiomv1, poolv1, runtime


class Client:
    """Answers each command with the next of its replies."""

    def __init__(self, *replies, retries=0):
        self.replies, self.sent, self.retries = list(replies), [], retries

    def get_connection_kwargs(self):
        return {"retry": self}

    def get_retries(self):
        return self.retries

    def evalsha(self, *words):
        return self.answer("evalsha", *words)

    def script_load(self, source):
        return self.answer("script load", source)

    def answer(self, *words):
        self.sent.append(words)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


class AsyncClient(Client):
    async def evalsha(self, *words):
        return self.answer("evalsha", *words)

    async def script_load(self, source):
        return self.answer("script load", source)


class TestBindings(unittest.TestCase):
    def test_modules(self):
        """Every module has the scripts that it says."""
        files = [f for f in pathlib.Path("scripts").glob("*v[0-9].py")]
        self.assertGreater(len(files), 5)
        for file in files:
            for script in importlib.import_module("scripts." + file.stem).SCRIPTS:
                self.assertEqual(hashlib.sha1(script.source).hexdigest(), script.sha1, script.name)

    def test_noscript(self):
        """A server that does not know a script is given it: by both kinds of clients."""
        keys = idiomv1.get_nullable_keys_of("k")
        call = idiomv1.get_nullable(keys)
        sha1, source = call.script.sha1, call.script.source
        for client, run in (
            (Client(redis.exceptions.NoScriptError(), sha1, None), call.run),
            (AsyncClient(redis.exceptions.NoScriptError(), sha1, None), lambda c: asyncio.run(call.run_async(c))),
        ):
            self.assertIsNone(run(client))
            words = ("evalsha", sha1, 1, b"k")
            self.assertEqual(client.sent, [words, ("script load", source), words])
        client = Client(*[redis.exceptions.NoScriptError(), ""] * runtime.NOSCRIPT_TRIES)
        with self.assertRaises(redis.exceptions.NoScriptError):
            call.run(client)

    def test_unsafe(self):
        """A call that is not safe to repeat goes out once, and says when it may have run."""
        call = idiomv1.batch_push(idiomv1.batch_push_keys_of("jobs"), payloads=["a", b"b"])
        with self.assertRaises(ValueError):
            call.run(Client(retries=3))
        lost = redis.exceptions.ConnectionError("lost")
        client = Client(lost)
        with self.assertRaises(runtime.MayHaveRunError) as caught:
            call.run(client)
        self.assertIs(caught.exception.__cause__, lost)
        self.assertEqual(client.sent, [("evalsha", call.script.sha1, 1, b"jobs", b"a", b"b")])
        safe = idiomv1.get_nullable(idiomv1.get_nullable_keys_of("k"))
        with self.assertRaises(redis.exceptions.ConnectionError):
            safe.run(Client(lost, retries=3))

    def test_arguments(self):
        """What is out of its range is refused before it is sent."""
        keys = idiomv1.batch_push_keys_of("jobs")
        for payloads in ([""], ["x" * 1025], ["x"] * 5001, [1], "x"):
            with self.assertRaises(runtime.ArgError) as caught:
                idiomv1.batch_push(keys, payloads=payloads)
            self.assertEqual(caught.exception.arg, "payloads")
        keys = idiomv1.batch_numbers_keys_of("jobs")
        for values in ([-1], [1001], [1.0], [True], ["1"]):
            with self.assertRaises(runtime.ArgError):
                idiomv1.batch_numbers(keys, prefix="", values=values)
        with self.assertRaises(runtime.ArgError):
            idiomv1.argv_tail(idiomv1.argv_tail_keys_of("k"), mode="drop", who=[])

    def test_replies(self):
        """A reply is read as its header tells, also by a client that decodes, and nothing else is."""
        call = poolv1.inspect(poolv1.inspect_keys_of("p"))
        want = poolv1.InspectStatus(used=2, holders=[poolv1.InspectStatusHoldersRow(token=b"a", until_ms=7)])
        for tag, token in ((b"STATUS", b"a"), ("STATUS", "a")):
            self.assertEqual(call.read([tag, 2, [[token, 7]]]), want)
        for reply in (None, [], 1, [1], ["NEVER"], [b"NEVER", 1], [None]):
            with self.assertRaises(runtime.ReplyError):
                call.read(reply)
        self.assertEqual(runtime.mapping(["a", b"1"]), {b"a": b"1"})
        self.assertEqual(runtime.number(b"1.5"), 1.5)
        self.assertEqual([runtime.boolean(b) for b in (None, 0, 1)], [False, False, True])
        self.assertEqual(runtime.array(runtime.nullable(runtime.string))([None, "é"]), [None, "é".encode()])
        self.assertEqual(runtime.array(runtime.row(lambda *f: f, runtime.string, runtime.integer))([["a", 1]]), [(b"a", 1)])
        for read, field in ((runtime.mapping, ["a"]), (runtime.number, b"x"), (runtime.boolean, 2), (runtime.integer, "1"),
                            (runtime.integer, True), (runtime.string, None), (runtime.array(runtime.string), "ab")):
            with self.assertRaises(runtime.ReplyError):
                runtime.Call(call.script, [], [], read).read(field)

    def test_error_names_no_string(self):
        """A reply that is not declared may hold a token."""
        with self.assertRaises(runtime.ReplyError) as caught:
            poolv1.inspect(poolv1.inspect_keys_of("p")).read(["secret", ["secret"]])
        self.assertNotIn("secret", str(caught.exception))

    def test_companions(self):
        """The rule of companion keys."""
        for name, base in (("a", b"{a}"), ("{a}b", b"{a}b"), ("{", b"{{}"), ("é", "{é}".encode())):
            self.assertEqual(runtime.companions(runtime.name_bytes(name), b":x:y"), [base + b":x:y"])
        for name in ("", "{a}", "a}", "{}", "{a}:x:y", "{a}:x:other"):
            with self.assertRaises(runtime.KeyNameError):
                runtime.companions(runtime.name_bytes(name), b":x:y")
        with self.assertRaises(runtime.KeyNameError):
            runtime.companions(b"{a}:known", b":known")
        self.assertEqual(runtime.companions(b"{a}:other", b":known"), [b"{a}:other:known"])
        for name in ("", b"abc"):
            with self.assertRaises(runtime.KeyNameError):
                runtime.name_bytes(name, 1, 2)


unittest.main()
