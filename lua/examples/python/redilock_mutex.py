"""A distributed lock on plain Redis: the scripts of go-redilock through redis-py. All times are seconds."""

import contextlib
import json
import pathlib
import re
import secrets
import time

import redis

DIST = pathlib.Path(__file__).resolve().parents[2] / "dist"
PRESENCE = 6.0  # how long the server believes a waiter alive that does not ask


class LockLost(Exception):
    """We had the lock, and its lease has ended or somebody took it away."""


class UnknownReply(Exception):
    """The script answered what its manifest does not list. Never take that for one of the answers that it lists."""


def load_scripts():
    """verb → (sha1, source, the suffixes of its keys, the tags of its replies), as the manifest has them."""
    manifest = json.loads((DIST / "manifest.json").read_text("utf-8"))
    return {s["name"].removeprefix("mutex."):
            (s["sha1"], (DIST / s["file"]).read_bytes(), [key.get("suffix", "") for key in s["keys"]],
             {reply["tag"].encode() for reply in s["replies"]})
            for s in manifest["scripts"] if s["name"].startswith("mutex.") and s["version"] == 1}


def known(reply, tags):
    """The reply, if its tag is one of these."""
    if not isinstance(reply, list) or not reply or reply[0] not in tags:
        raise UnknownReply(reply[:1] if isinstance(reply, list) else type(reply))  # the rest may have a token
    return reply


def keys_of(name, suffixes):
    """The lock's key is its name; the companions have a hash tag that puts them into the same cluster slot."""
    name = name.encode() if isinstance(name, str) else name
    _, _, opened = name.partition(b"{")
    tagged = opened.find(b"}") > 0
    alone = name.startswith(b"{") and name.find(b"}") == len(name) - 1  # {x} would have the companions of x
    reserved = tagged and re.search(rb":redilock:[a-z]+\Z", name)  # the form of a companion key
    if not 1 <= len(name) <= 1024 or (b"}" in name and not tagged) or alone or reserved:
        raise ValueError("a name has 1 to 1024 bytes, no } except in a hash tag like {this}:lock, and is no companion key")
    base = name if tagged else b"{" + name + b"}"
    return [base + suffix.encode() if suffix else name for suffix in suffixes]


def pause(holder_pttl, position, poll):
    """The first waiter asks every `poll`, and when the lease ends; the others the less, the further behind they stand."""
    if position == 1 and holder_pttl >= 0:
        return min(poll, (holder_pttl + 1) / 1000)
    return min(poll * position, PRESENCE / 3)


def certain(sent, lease_ms):
    """Until when it is ours for sure: counted from before the request, less 1 % + 2 ms for clocks that run apart."""
    return sent + lease_ms * 0.99 / 1000 - 0.002


class Lock:
    """A lock that is held, until `deadline` on time.monotonic(). `with` gives it back."""

    def __init__(self, locks, name, token, fence, deadline):
        self.locks, self.name, self.token, self.fence, self.deadline = locks, name, token, fence, deadline

    def extend(self, lease):
        """Keep the lock for `lease` from now at least."""
        sent = time.monotonic()
        tag, *rest = self.locks.call("extend", self.name, self.token, int(lease * 1000))
        if tag == b"NOTHELD":
            raise LockLost(self.name)
        self.fence, self.deadline = rest[0], max(self.deadline, certain(sent, rest[1]))

    def release(self):
        """Give the lock back, to the first that waits for it."""
        tag, *_ = self.locks.call("release", self.name, self.token)
        # redis-py repeats a call whose reply was lost: before the deadline, NOTHELD says that the first one did it.
        if tag == b"NOTHELD" and time.monotonic() >= self.deadline:
            raise LockLost(self.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()


class Locks:
    """The locks of one server. Share it between threads, like the redis.Redis that it is made of (without decode_responses)."""

    def __init__(self, client: redis.Redis):
        self.client, self.scripts = client, load_scripts()

    def call(self, verb, name, *args):
        sha1, source, suffixes, tags = self.scripts[verb]
        words = [len(suffixes), *keys_of(name, suffixes), *args]
        try:
            return known(self.client.evalsha(sha1, *words), tags)
        except redis.exceptions.NoScriptError:
            self.client.script_load(source)
            return known(self.client.evalsha(sha1, *words), tags)

    def try_lock(self, name, lease):
        """One attempt: a Lock, or None if somebody else has it or waits for it."""
        return self._acquire(name, lease, 0, 0, presence=0)

    def lock(self, name, lease, timeout=float("inf"), poll=0.25):
        """Wait in the queue. TimeoutError if that takes longer than `timeout`."""
        if lock := self._acquire(name, lease, timeout, poll, PRESENCE):
            return lock
        raise TimeoutError(f"{name}: held by somebody else")

    def _acquire(self, name, lease, timeout, poll, presence):
        token, end, lock, tag = secrets.token_urlsafe(16), time.monotonic() + timeout, None, None
        try:
            while not lock:
                sent = time.monotonic()
                tag, *rest = self.call("acquire", name, token, int(lease * 1000), int(presence * 1000))
                if tag == b"GRANTED":  # fence, lease, fences
                    deadline = certain(sent, rest[1])
                    if deadline <= time.monotonic():
                        raise LockLost(f"{name}: the answer took longer than the lease")
                    lock = Lock(self, name, token, rest[0], deadline)
                elif tag == b"HELD" or sent >= end:
                    return None
                else:  # QUEUED
                    time.sleep(max(0, min(pause(*rest, poll), end - time.monotonic())))
            return lock
        finally:
            if not lock and tag != b"HELD":  # a Ctrl-C as well leaves neither a lock nor a place in the queue
                with contextlib.suppress(redis.RedisError):  # the place ends with its presence, the lock with its lease
                    self.call("release", name, token)
