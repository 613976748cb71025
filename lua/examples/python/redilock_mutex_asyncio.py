"""The same lock for asyncio. All times are seconds."""

import asyncio
import contextlib
import secrets
import time

import redis
import redis.asyncio

from redilock_mutex import PRESENCE, LockLost, certain, keys_of, known, load_scripts, pause


class Lock:
    """A lock that is held, until `deadline` on time.monotonic(). `async with` gives it back."""

    def __init__(self, locks, name, token, fence, deadline):
        self.locks, self.name, self.token, self.fence, self.deadline = locks, name, token, fence, deadline

    async def extend(self, lease):
        """Keep the lock for `lease` from now at least."""
        sent = time.monotonic()
        tag, *rest = await self.locks.call("extend", self.name, self.token, int(lease * 1000))
        if tag == b"NOTHELD":
            raise LockLost(self.name)
        self.fence, self.deadline = rest[0], max(self.deadline, certain(sent, rest[1]))

    async def release(self):
        """Give the lock back, to the first that waits for it: also when the task is cancelled meanwhile."""
        tag, *_ = await self.locks.finish(self.locks.call("release", self.name, self.token))
        # redis-py repeats a call whose reply was lost: before the deadline, NOTHELD says that the first one did it.
        if tag == b"NOTHELD" and time.monotonic() >= self.deadline:
            raise LockLost(self.name)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.release()


class Locks:
    """The locks of one server, made of a redis.asyncio.Redis."""

    def __init__(self, client: redis.asyncio.Redis):
        self.client, self.scripts, self.tasks = client, load_scripts(), set()

    async def call(self, verb, name, *args):
        sha1, source, suffixes, tags = self.scripts[verb]
        words = [len(suffixes), *keys_of(name, suffixes), *args]
        try:
            return known(await self.client.evalsha(sha1, *words), tags)
        except redis.exceptions.NoScriptError:
            await self.client.script_load(source)
            return known(await self.client.evalsha(sha1, *words), tags)

    async def try_lock(self, name, lease):
        """One attempt: a Lock, or None if somebody else has it or waits for it."""
        return await self._acquire(name, lease, poll=0, presence=0)

    async def lock(self, name, lease, poll=0.25):
        """Wait in the queue, until asyncio.timeout or a cancel ends it."""
        return await self._acquire(name, lease, poll, PRESENCE)

    async def _acquire(self, name, lease, poll, presence):
        token, lock, ask = secrets.token_urlsafe(16), None, None
        try:
            while not lock:
                sent = time.monotonic()
                # A task of its own: cancelled in mid-call, redis-py would leave us in doubt whether it was sent.
                ask = asyncio.ensure_future(
                    self.call("acquire", name, token, int(lease * 1000), int(presence * 1000)))
                tag, *rest = await asyncio.shield(ask)
                if tag == b"GRANTED":  # fence, lease, fences
                    deadline = certain(sent, rest[1])
                    if deadline <= time.monotonic():
                        raise LockLost(f"{name}: the answer took longer than the lease")
                    lock = Lock(self, name, token, rest[0], deadline)
                elif tag == b"HELD":
                    ask = None
                    return None
                else:  # QUEUED
                    await asyncio.sleep(pause(*rest, poll))
            return lock
        finally:
            if ask and not lock:  # a cancelled wait leaves neither a lock nor a place in the queue
                await self.finish(self._leave(name, token, ask))

    async def _leave(self, name, token, ask):
        await asyncio.gather(ask, return_exceptions=True)  # the server must see the release after it
        with contextlib.suppress(redis.RedisError):  # the place ends with its presence, the lock with its lease
            await self.call("release", name, token)

    async def finish(self, coroutine):
        """Await what must be done to its end, whoever is cancelled."""
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self.tasks.discard)
        return await asyncio.shield(task)
