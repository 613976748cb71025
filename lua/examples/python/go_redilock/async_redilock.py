"""The calls of python-redilock's redilock.async_redilock. See sync_redilock."""

from __future__ import annotations

import contextlib
import typing

import redis.asyncio

from .asyncio import Lock, Locks
from .errors import LockLost
from .sync_redilock import Settings, grant_of, name_of, new_token, told


class DistributedLock(Settings):
    """Locks of one server, by name, for the tasks of one event loop. Nothing is sent before the first call."""

    @property
    def locks(self) -> Locks:
        """The Locks of this package behind it."""
        if self._locks is None:
            self._locks = Locks(redis.asyncio.Redis(host=self._host, port=self._port, db=self._db))
        return self._locks

    async def lock(self, lock_name: str, ttl: float | None = None, block: bool | float = True,
                   interval: float | None = None) -> str | bool:
        """Lock a name for ttl seconds. Returns the token for unlock, or False if it could not be had."""
        lease, (timeout, poll) = self._seconds(ttl), self._wait(block, interval)
        token = new_token(lock_name)
        try:
            if block is False:
                lock = await self.locks.try_lock(lock_name, lease, token=token)
            else:
                lock = await self.locks.lock(lock_name, lease, timeout, poll, token=token)
        except TimeoutError:
            return False
        return token if lock else False

    async def unlock(self, unlock_secret_token: str) -> bool:
        """Whether the lock was still ours."""
        return bool(name_of(unlock_secret_token)) and await self._with(unlock_secret_token, Lock.release)

    async def extend(self, unlock_secret_token: str, ttl: float | None = None) -> bool:
        """Keep the lock for ttl seconds from now. Whether it was still ours. What is left is never shortened."""
        if not name_of(unlock_secret_token):
            return False
        lease = self._seconds(ttl)
        return await self._with(unlock_secret_token, lambda lock: lock.extend(lease))

    async def _with(self, token: str, do: typing.Callable[[Lock], typing.Awaitable[typing.Any]]) -> bool:
        try:
            await do(Lock(self.locks, name_of(token), grant_of(token), 0))
        except LockLost:
            return False
        return True

    @contextlib.asynccontextmanager
    async def __call__(self, lock_name: str, ttl: float | None = None) -> typing.AsyncIterator[DistributedLock]:
        lock = await self.locks.lock(lock_name, self._seconds(ttl), poll=self._interval)
        try:
            yield self
        finally:
            with told(lock_name):
                await lock.release()
