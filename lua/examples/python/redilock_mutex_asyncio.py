"""The same lock for asyncio. All times are seconds."""

import asyncio
import contextlib
import secrets
import time

import redis
import redis.asyncio

from redilock_mutex import PRESENCE, LockLost, certain, ms, pause
from redilock_scripts import mutexv1 as scripts


class Lock:
    """A lock that is held, until `deadline` on time.monotonic(). `async with` gives it back."""

    def __init__(self, locks, name, keys, token, fence, deadline):
        self.locks, self.name, self.keys, self.token, self.fence = locks, name, keys, token, fence
        self.deadline = deadline

    async def extend(self, lease):
        """Keep the lock for `lease` from now at least."""
        sent = time.monotonic()
        reply = await scripts.extend(self.keys, token=self.token, lease_ms=ms(lease)).run_async(self.locks.client)
        if isinstance(reply, scripts.ExtendNotheld):
            raise LockLost(self.name)
        self.fence, self.deadline = reply.fence, max(self.deadline, certain(sent, reply.lease_left_ms))

    async def release(self):
        """Give the lock back, to the first that waits for it: also when the task is cancelled meanwhile."""
        reply = await self.locks.finish(scripts.release(self.keys, token=self.token).run_async(self.locks.client))
        # redis-py repeats a call whose reply was lost: before the deadline, NOTHELD says that the first one did it.
        if isinstance(reply, scripts.ReleaseNotheld) and time.monotonic() >= self.deadline:
            raise LockLost(self.name)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.release()


class Locks:
    """The locks of one server, made of a redis.asyncio.Redis."""

    def __init__(self, client: redis.asyncio.Redis):
        self.client, self.tasks = client, set()

    async def try_lock(self, name, lease):
        """One attempt: a Lock, or None if somebody else has it or waits for it."""
        return await self._acquire(name, lease, poll=0, presence=0)

    async def lock(self, name, lease, poll=0.25):
        """Wait in the queue, until asyncio.timeout or a cancel ends it."""
        return await self._acquire(name, lease, poll, PRESENCE)

    async def _acquire(self, name, lease, poll, presence):
        token, keys = secrets.token_urlsafe(16), scripts.keys_of(name)
        acquire = scripts.acquire(keys, token=token, lease_ms=ms(lease), presence_ms=ms(presence))
        lock = ask = None
        try:
            while not lock:
                sent = time.monotonic()
                # A task of its own: cancelled in mid-call, redis-py would leave us in doubt whether it was sent.
                ask = asyncio.ensure_future(acquire.run_async(self.client))
                reply = await asyncio.shield(ask)
                if isinstance(reply, scripts.AcquireGranted):
                    deadline = certain(sent, reply.lease_ms)
                    if deadline <= time.monotonic():
                        raise LockLost(f"{name}: the answer took longer than the lease")
                    lock = Lock(self, name, keys, token, reply.fence, deadline)
                elif isinstance(reply, scripts.AcquireHeld):
                    ask = None
                    return None
                else:
                    await asyncio.sleep(pause(reply, poll))
            return lock
        finally:
            if ask and not lock:  # a cancelled wait leaves neither a lock nor a place in the queue
                await self.finish(self._leave(keys, token, ask))

    async def _leave(self, keys, token, ask):
        await asyncio.gather(ask, return_exceptions=True)  # the server must see the release after it
        with contextlib.suppress(redis.RedisError):  # the place ends with its presence, the lock with its lease
            await scripts.release(keys, token=token).run_async(self.client)

    async def finish(self, coroutine):
        """Await what must be done to its end, whoever is cancelled."""
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self.tasks.discard)
        return await asyncio.shield(task)
