"""A distributed lock on plain Redis: the scripts of go-redilock through redis-py. All times are seconds."""

import contextlib
import secrets
import time

import redis

from redilock_scripts import mutexv1 as scripts

PRESENCE = 6.0  # how long the server believes a waiter alive that does not ask


class LockLost(Exception):
    """We had the lock, and its lease has ended or somebody took it away."""


def pause(queued, poll):
    """The first waiter asks every `poll`, and when the lease ends; the others the less, the further behind they stand."""
    if queued.position == 1 and queued.holder_pttl_ms >= 0:
        return min(poll, (queued.holder_pttl_ms + 1) / 1000)
    return min(poll * queued.position, PRESENCE / 3)


def ms(seconds):
    return int(seconds * 1000)


def certain(sent, lease_ms):
    """Until when it is ours for sure: counted from before the request, less 1 % + 2 ms for clocks that run apart."""
    return sent + lease_ms * 0.99 / 1000 - 0.002


class Lock:
    """A lock that is held, until `deadline` on time.monotonic(). `with` gives it back."""

    def __init__(self, client, name, keys, token, fence, deadline):
        self.client, self.name, self.keys, self.token, self.fence = client, name, keys, token, fence
        self.deadline = deadline

    def extend(self, lease):
        """Keep the lock for `lease` from now at least."""
        sent = time.monotonic()
        reply = scripts.extend(self.keys, token=self.token, lease_ms=ms(lease)).run(self.client)
        if isinstance(reply, scripts.ExtendNotheld):
            raise LockLost(self.name)
        self.fence, self.deadline = reply.fence, max(self.deadline, certain(sent, reply.lease_left_ms))

    def release(self):
        """Give the lock back, to the first that waits for it."""
        reply = scripts.release(self.keys, token=self.token).run(self.client)
        # redis-py repeats a call whose reply was lost: before the deadline, NOTHELD says that the first one did it.
        if isinstance(reply, scripts.ReleaseNotheld) and time.monotonic() >= self.deadline:
            raise LockLost(self.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()


class Locks:
    """The locks of one server. Share it between threads, like the redis.Redis that it is made of."""

    def __init__(self, client: redis.Redis):
        self.client = client

    def try_lock(self, name, lease):
        """One attempt: a Lock, or None if somebody else has it or waits for it."""
        return self._acquire(name, lease, 0, 0, presence=0)

    def lock(self, name, lease, timeout=float("inf"), poll=0.25):
        """Wait in the queue. TimeoutError if that takes longer than `timeout`."""
        if lock := self._acquire(name, lease, timeout, poll, PRESENCE):
            return lock
        raise TimeoutError(f"{name}: held by somebody else")

    def _acquire(self, name, lease, timeout, poll, presence):
        token, keys, end = secrets.token_urlsafe(16), scripts.keys_of(name), time.monotonic() + timeout
        acquire = scripts.acquire(keys, token=token, lease_ms=ms(lease), presence_ms=ms(presence))
        lock = reply = None
        try:
            while not lock:
                sent = time.monotonic()
                reply = acquire.run(self.client)
                if isinstance(reply, scripts.AcquireGranted):
                    deadline = certain(sent, reply.lease_ms)
                    if deadline <= time.monotonic():
                        raise LockLost(f"{name}: the answer took longer than the lease")
                    lock = Lock(self.client, name, keys, token, reply.fence, deadline)
                elif isinstance(reply, scripts.AcquireHeld) or sent >= end:
                    return None
                else:
                    time.sleep(max(0, min(pause(reply, poll), end - time.monotonic())))
            return lock
        finally:
            if not lock and not isinstance(reply, scripts.AcquireHeld):  # a Ctrl-C as well leaves neither a lock nor a place in the queue
                with contextlib.suppress(redis.RedisError):  # the place ends with its presence, the lock with its lease
                    scripts.release(keys, token=token).run(self.client)
