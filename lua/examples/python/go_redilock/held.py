"""What a Lock for threads and one for tasks have in common. Nothing in here sends anything."""

from __future__ import annotations

import dataclasses
import os
import typing

from . import grants, kinds
from .errors import ForkedError, LockLost
from .grants import Grant, clock
from .scripts import runtime


class Held:
    """A grant in the hands of one caller, until deadline on clock()."""

    _ended = True  # until it is made: a signal's exception may come before
    _lost: typing.Any  # an Event

    def __init__(self, locks: typing.Any, name: str | bytes, grant: Grant, fence: int):
        self.locks, self.name, self.fence = locks, name, fence
        self._grant, self._ended, self._pid = grant, False, os.getpid()

    @property
    def weight(self) -> int:
        """How many permits it has: 1 where it is no semaphore's."""
        return self._grant.kind.weight

    @property
    def deadline(self) -> float:
        """Until when it is ours for sure, on clock()."""
        return self._grant.deadline

    @property
    def left(self) -> float:
        """Seconds until the deadline; 0 when it has passed."""
        return 0.0 if self._ended else max(0.0, self._grant.deadline - clock())

    @property
    def token(self) -> str:
        """What another process needs, with the name, to attach to the lock. Nobody else gets this grant afterwards."""
        self._close()
        return grants.text(self._grant.token)

    @property
    def lost(self) -> bool:
        """Whether it is known to be lost. Nothing is asked of the server."""
        return self._grant.lost or self._ended or clock() >= self._grant.deadline

    def check(self) -> None:
        """Raise LockLost if it is known to be lost: before each step of the work that must not be done without it."""
        if self.lost:
            raise self._loss()

    def _loss(self) -> LockLost:
        return LockLost(f"{self.name!r}: the lease has ended, or somebody took the lock")

    def _mine(self) -> None:
        if self._pid != os.getpid():
            raise ForkedError(f"{self.name!r} was locked by process {self._pid}: in a fork of it, use attach with the token")

    def _close(self) -> None:
        """No other caller may use the grant from now on."""
        with self.locks._guard():
            if self._ended:
                raise LockLost(f"{self.name!r}: it was given back")
            self._grant.closed = True

    def _extending(self, lease_ms: int) -> runtime.Call:
        self._mine()
        self._close()
        return self._grant.kind.extend(self._grant.keys, self._grant.token, lease_ms)

    def _extended(self, sent: float, reply: typing.Any) -> None:
        self._still(reply)
        self._grant.raised(sent, reply.fence, reply.lease_left_ms)

    def _still(self, reply: typing.Any) -> None:
        if isinstance(reply, kinds.NOTHELD):
            self._grant.lost = True
            self._lost.set()
            raise self._loss()

    def _shrinking(self, weight: int) -> runtime.Call:
        self._mine()
        kind = self._grant.kind
        if not isinstance(kind, kinds.Permits):
            raise ValueError(f"{self.name!r} is a mutex: it has no permits to give back")
        runtime.whole("weight", weight, 1, kind.weight)
        self._close()
        return kind.scripts.shrink(self._grant.keys, token=self._grant.token, weight=weight)

    def _shrunk(self, reply: typing.Any) -> None:
        self._still(reply)
        self._grant.kind = dataclasses.replace(self._grant.kind, weight=reply.weight)
        self.locks._wake(self._grant)

    def _check_writer(self) -> None:
        kind = self._grant.kind
        if not isinstance(kind, kinds.Permits) or kind.weight != kinds.MOST:
            raise ValueError(f"{self.name!r} is not held by a writer")
