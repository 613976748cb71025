"""Semaphores and readers–writer locks for tasks. Locks.semaphore and Locks.rwlock of go_redilock.asyncio make them."""

from __future__ import annotations

import typing

from .kinds import MOST, Permits
from .scripts import semaphorev1
from .semaphore import Limited

if typing.TYPE_CHECKING:
    from .asyncio import Lock, Locks, OnLost


class Semaphore(Limited):
    """`limit` permits of one name, for all processes together. See go_redilock.Semaphore."""

    locks: Locks

    async def acquire(self, weight: int = 1, timeout: float = float("inf"), poll: float = 0.25, *, renew: bool = False,
                      on_lost: OnLost | None = None, token: str | bytes | None = None) -> Lock:
        """Wait for so many permits at once, as Locks.lock does for a lock. A large request is not overtaken by small ones."""
        return await self.locks._lock(Permits(self.limit, weight), self.name, self.lease, timeout, poll, renew, on_lost, token)

    async def try_acquire(self, weight: int = 1, *, renew: bool = False, on_lost: OnLost | None = None,
                          token: str | bytes | None = None) -> Lock | None:
        """One attempt: a Lock, or None if there is no room, or others wait."""
        return await self.locks._try(Permits(self.limit, weight), self.name, self.lease, renew, on_lost, token)

    async def attach(self, token: str | bytes, weight: int = 1) -> Lock:
        """The permits that another process took: extend them, and have them as a Lock here. LockLost if they are lost."""
        return await self.locks._attach(Permits(self.limit, weight), self.name, token, self.lease)

    async def status(self, rows: int = 10) -> semaphorev1.InspectStatus:
        """How many permits are in use, and the first `rows` of those who hold them and of those who wait."""
        return await semaphorev1.inspect(self._keys, rows=rows).run_async(self.locks.client)

    async def locked(self) -> bool:
        """Whether a permit is not to be had at once."""
        return self._none_left(await self.status(0))


class RWLock:
    """Many readers or one writer of one name: first come, first served; readers next to each other go in together."""

    def __init__(self, locks: Locks, name: str | bytes, lease: float):
        self._permits = Semaphore(locks, name, MOST, lease)

    async def read(self, timeout: float = float("inf"), poll: float = 0.25, *, renew: bool = False, on_lost: OnLost | None = None,
                   token: str | bytes | None = None) -> Lock:
        """Wait for the lock as a reader, as Locks.lock does."""
        return await self._permits.acquire(1, timeout, poll, renew=renew, on_lost=on_lost, token=token)

    async def write(self, timeout: float = float("inf"), poll: float = 0.25, *, renew: bool = False, on_lost: OnLost | None = None,
                    token: str | bytes | None = None) -> Lock:
        """Wait for the lock as its writer. lock.downgrade() makes a reader of it; a reader never becomes a writer."""
        return await self._permits.acquire(MOST, timeout, poll, renew=renew, on_lost=on_lost, token=token)

    async def try_read(self, *, renew: bool = False, on_lost: OnLost | None = None, token: str | bytes | None = None) -> Lock | None:
        """One attempt: a Lock, or None if there is a writer, or others wait."""
        return await self._permits.try_acquire(1, renew=renew, on_lost=on_lost, token=token)

    async def try_write(self, *, renew: bool = False, on_lost: OnLost | None = None, token: str | bytes | None = None) -> Lock | None:
        """One attempt: a Lock, or None if anybody has it or waits for it."""
        return await self._permits.try_acquire(MOST, renew=renew, on_lost=on_lost, token=token)

    async def attach(self, token: str | bytes, *, writer: bool = False) -> Lock:
        """What another process took. LockLost if it is lost."""
        return await self._permits.attach(token, MOST if writer else 1)

    async def status(self, rows: int = 10) -> semaphorev1.InspectStatus:
        """Who has the lock, and who waits for it: a reader weighs 1, a writer the whole limit."""
        return await self._permits.status(rows)

    async def locked(self) -> bool:
        """Whether anybody has it, readers or a writer."""
        return (await self.status(0)).held > 0
