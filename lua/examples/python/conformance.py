"""Replays the scenarios of luatest/scenarios through redis-py: python3 conformance.py redis://host:port

The server is emptied, and some scenarios change its settings: use one that holds nothing and serves nobody else.
"""

import importlib
import json
import pathlib
import sys
import time

import redis

from go_redilock.scripts import mutexv1

SCENARIOS = pathlib.Path(__file__).resolve().parents[3] / "luatest" / "scenarios"


class Mismatch(Exception):
    pass


class Replay:
    """One scenario on an empty database, by one connection, and one more for messages."""

    def __init__(self, url, file, scenario):
        # One connection and no repeats: a scenario may log in as another user, and counts every call.
        self.redis = redis.Redis.from_url(url, single_connection_client=True, protocol=2, retry=None)
        self.messages = self.redis.pubsub()
        self.pending, self.pings, self.vars, self.scripts = {}, 0, {}, {}
        name = self.value(scenario["lock"]) if "lock" in scenario else scenario["name"].encode()
        module = importlib.import_module(f"go_redilock.scripts.{file['primitive']}v{file['version']}")
        for script in module.SCRIPTS:
            verb = script.name.split(".")[1]
            self.expect(self.redis.script_load(script.source) == script.sha1, f"{verb}: not the sha1 of its bindings")
            self.scripts[verb] = script.sha1
        self.keys = vars(module.keys_of(name))

    @staticmethod
    def expect(right, text):
        if not right:
            raise Mismatch(text)

    def value(self, v):
        """The bytes that a value stands for."""
        match v:
            case str():
                return v.encode()
            case int():
                return str(v).encode()
            case {"key": key}:
                return self.keys[key]
            case {"hex": digits}:
                return bytes.fromhex(digits)
            case {"text": text, "times": times}:
                return text.encode() * times
            case {"var": name}:
                return str(self.vars[name]).encode()
            case {"join": values}:
                return b"".join(map(self.value, values))
        raise Mismatch(f"{v} is no value")

    def match(self, want, got):
        """redis-py gives a status as bytes, like a string; the other kinds are told apart."""
        error = isinstance(got, redis.ResponseError)
        code = (got.status_code + " " if got.status_code else "") + str(got) if error else ""
        match want:
            case None:
                right = got is None
            case list():
                right = isinstance(got, list) and len(got) == len(want)
                for w, g in zip(want, got) if right else ():
                    self.match(w, g)
            case {"any": True}:
                right = not error
            case {"error": text}:
                right = code == text
            case {"code": text}:
                right = code.split(" ")[0] == text
            case {"status": text}:
                right = got == text.encode()
            case {"integer": bounds}:
                right = isinstance(got, int) and bounds.get("min", got) <= got <= bounds.get("max", got)
                right = right and ("above" not in bounds or got > self.vars[bounds["above"]])
                if right and "bind" in bounds:
                    self.vars[bounds["bind"]] = got
            case {"var": name}:
                right = type(got) is type(self.vars[name]) and got == self.vars[name]
            case int():
                right = type(got) is int and got == want
            case _:
                right = isinstance(got, bytes) and got == self.value(want)
        self.expect(right, f"expected {json.dumps(want)}, got {code if error else got!r} with {self.vars}")

    def send(self, words):
        """The reply as it is on the wire: execute_command would convert those of the commands that it knows."""
        connection = self.redis.connection
        connection.send_command(*words)
        try:
            return connection.read_response(disable_decoding=True)
        except redis.ResponseError as e:
            return e

    def listen(self, until):
        """Collects messages until one of the kind that `until` wants has come."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            got = self.messages.get_message(timeout=1)
            if got and got["type"] == "message":
                self.pending[got["channel"]].append(got["data"])
            if got and until(got):
                return
        raise Mismatch("no answer on the subscribed connection")

    def state(self, want):
        got = {key: None for key in self.send(["KEYS", "*"])}
        self.expect({self.value(k["key"]) for k in want} == got.keys(), f"expected {want}, got the keys {list(got)}")
        for k in want:
            name = self.value(k["key"])
            self.expect(self.send(["TYPE", name]) == k["type"].encode(), f"the type of {name}")
            self.match(k["pttl"], self.send(["PTTL", name]))
            if "value" in k:
                self.match(k["value"], self.send(["GET", name]))
            if "members" in k:
                self.match(k["members"], self.send(["ZRANGE", name, 0, -1]))
            if "fields" in k:
                self.match(k["fields"], sorted(self.send(["HKEYS", name])))

    def now(self):
        seconds, micros = self.send(["TIME"])
        return int(seconds) * 1000 + int(micros) / 1000

    def step(self, step):
        match step:
            case {"call": verb, "args": args, "reply": reply}:
                keys = [self.value(k) for k in step["keys"]] if "keys" in step else list(self.keys.values())
                words = ["EVALSHA", self.scripts[verb], len(keys), *keys, *map(self.value, args)]
                self.match(reply, self.send(words))
            case {"do": words}:
                self.match(step.get("reply", {"any": True}), self.send([self.value(w) for w in words]))
            case {"advance_ms": ms}:
                end = self.now() + ms + 1
                while (left := end - self.now()) > 0:
                    time.sleep(left / 1000)
            case {"subscribe": channels}:
                for channel in map(self.value, channels):
                    self.pending[channel] = []
                    self.messages.subscribe(channel)
                    self.listen(lambda m, c=channel: m["type"] == "subscribe" and m["channel"] == c)
            case {"unsubscribe": channels}:
                for channel in map(self.value, channels):
                    self.messages.unsubscribe(channel)
                    self.listen(lambda m, c=channel: m["type"] == "unsubscribe" and m["channel"] == c)
                    del self.pending[channel]
            case {"messages": {"channel": channel, "payloads": payloads}}:
                self.messages.ping()  # what was published before it stands in front of its answer
                self.listen(lambda m: m["type"] == "pong")
                channel = self.value(channel)
                got, self.pending[channel] = self.pending[channel], []
                self.match(payloads, got)
            case {"state": keys}:
                self.state(keys)
            case {"repeat": times, "as": name, "steps": steps}:
                for self.vars[name] in range(1, times + 1):
                    for inner in steps:
                        self.step(inner)
            case _:
                raise Mismatch("an unknown step")

    def close(self):
        self.messages.close()
        self.redis.close()


def check_names():
    """The companions of names.json. Returns what is wrong."""
    wrong = 0
    for n in json.loads((SCENARIOS / "mutex" / "names.json").read_text("utf-8"))["names"]:
        name = bytes.fromhex(n["hex"]) if "hex" in n else n["name"].encode() * n.get("times", 1)
        roles = ("fence", "queue", "waiters")
        want = [bytes.fromhex(n[r + "_hex"]) if r + "_hex" in n else n.get(r, "").encode() for r in roles]
        try:
            keys = mutexv1.keys_of(name)
            got = [keys.fence, keys.queue, keys.waiters]
            right = "refused" not in n and (want == got or want == [b""] * 3)
        except ValueError:
            right = "refused" in n
        if not right:
            wrong += 1
            print(f"FAILED names: {n}")
    return wrong


def main():
    url = sys.argv[1]
    admin = redis.Redis.from_url(url)
    if admin.dbsize():
        sys.exit("the database is not empty: this would delete what it holds")
    passed, failed, skipped = 0, check_names(), {}
    passed += not failed
    for path in sorted(SCENARIOS.glob("*/*.json")):
        file = json.loads(path.read_text("utf-8"))
        for scenario in file.get("scenarios", ()) if "$schema" not in file else ():
            if "real" not in scenario.get("engines", ["real"]):
                skipped.setdefault(scenario["reason"], []).append(scenario["name"])
                continue
            try:
                replay = Replay(url, file, scenario)
                at = None
                for at in scenario["steps"]:
                    replay.step(at)
                passed += 1
            except (Mismatch, redis.RedisError, KeyError) as e:
                failed += 1
                print(f"FAILED {scenario['name']} ({path.name}): {scenario['title']}\n  {json.dumps(at)}\n  {e!r}")
            finally:
                replay.close()
                admin.config_set("maxmemory", 0)  # a scenario that ended early may have left these
                admin.replicaof("NO", "ONE")
                admin.flushdb()
    for reason, names in skipped.items():
        print(f"skipped {len(names)}: {reason}")
    print(f"{passed} passed, {failed} failed, {sum(map(len, skipped.values()))} skipped")
    sys.exit(failed > 0)


main()
