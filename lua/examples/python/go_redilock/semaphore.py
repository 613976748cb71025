"""Semaphores and readers–writer locks for threads. Locks.semaphore and Locks.rwlock make them."""

from __future__ import annotations

import typing

from .kinds import MOST, Permits
from .once import run
from .scripts import semaphorev1

if typing.TYPE_CHECKING:
    from .locks import Lock, Locks, OnLost


class Limited:
    """What a semaphore for threads and one for tasks have in common."""

    def __init__(self, locks: typing.Any, name: str | bytes, limit: int, lease: float):
        self.locks, self.name, self.limit, self.lease = locks, name, limit, lease
        self._keys = semaphorev1.keys_of(name)
        Permits(limit)

    def _none_left(self, status: semaphorev1.InspectStatus) -> bool:
        """Also while a holder has lost its record: nobody knows what is in use then, so the server grants nothing."""
        return status.used >= self.limit or status.queued > 0 or status.recorded != status.held


class Semaphore(Limited):
    """`limit` permits of one name, for all processes together: weighted, leased, first come, first served.

    All who use a name should give the same limit. To lower it, first let waits with the new one be bounded by a timeout.
    """

    locks: Locks

    def acquire(self, weight: int = 1, timeout: float = float("inf"), poll: float = 0.25, *, renew: bool = False,
                on_lost: OnLost | None = None, token: str | bytes | None = None) -> Lock:
        """Wait for so many permits at once, as Locks.lock does for a lock. A large request is not overtaken by small ones."""
        return self.locks._lock(Permits(self.limit, weight), self.name, self.lease, timeout, poll, renew, on_lost, token)

    def try_acquire(self, weight: int = 1, *, renew: bool = False, on_lost: OnLost | None = None,
                    token: str | bytes | None = None) -> Lock | None:
        """One attempt: a Lock, or None if there is no room, or others wait."""
        return self.locks._try(Permits(self.limit, weight), self.name, self.lease, renew, on_lost, token)

    def attach(self, token: str | bytes, weight: int = 1) -> Lock:
        """The permits that another process took: extend them, and have them as a Lock here. LockLost if they are lost."""
        return self.locks._attach(Permits(self.limit, weight), self.name, token, self.lease)

    def status(self, rows: int = 10) -> semaphorev1.InspectStatus:
        """How many permits are in use, and the first `rows` of those who hold them and of those who wait."""
        return run(self.locks.client, semaphorev1.inspect(self._keys, rows=rows))

    def locked(self) -> bool:
        """Whether a permit is not to be had at once."""
        return self._none_left(self.status(0))


class RWLock:
    """Many readers or one writer of one name: first come, first served; readers next to each other go in together."""

    def __init__(self, locks: Locks, name: str | bytes, lease: float):
        self._permits = Semaphore(locks, name, MOST, lease)

    def read(self, timeout: float = float("inf"), poll: float = 0.25, *, renew: bool = False, on_lost: OnLost | None = None,
             token: str | bytes | None = None) -> Lock:
        """Wait for the lock as a reader, as Locks.lock does."""
        return self._permits.acquire(1, timeout, poll, renew=renew, on_lost=on_lost, token=token)

    def write(self, timeout: float = float("inf"), poll: float = 0.25, *, renew: bool = False, on_lost: OnLost | None = None,
              token: str | bytes | None = None) -> Lock:
        """Wait for the lock as its writer. lock.downgrade() makes a reader of it; a reader never becomes a writer."""
        return self._permits.acquire(MOST, timeout, poll, renew=renew, on_lost=on_lost, token=token)

    def try_read(self, *, renew: bool = False, on_lost: OnLost | None = None, token: str | bytes | None = None) -> Lock | None:
        """One attempt: a Lock, or None if there is a writer, or others wait."""
        return self._permits.try_acquire(1, renew=renew, on_lost=on_lost, token=token)

    def try_write(self, *, renew: bool = False, on_lost: OnLost | None = None, token: str | bytes | None = None) -> Lock | None:
        """One attempt: a Lock, or None if anybody has it or waits for it."""
        return self._permits.try_acquire(MOST, renew=renew, on_lost=on_lost, token=token)

    def attach(self, token: str | bytes, *, writer: bool = False) -> Lock:
        """What another process took. LockLost if it is lost."""
        return self._permits.attach(token, MOST if writer else 1)

    def status(self, rows: int = 10) -> semaphorev1.InspectStatus:
        """Who has the lock, and who waits for it: a reader weighs 1, a writer the whole limit."""
        return self._permits.status(rows)

    def locked(self) -> bool:
        """Whether anybody has it, readers or a writer."""
        return self.status(0).held > 0
