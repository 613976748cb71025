"""The calls of python-redilock's redilock.sync_redilock: DistributedLock(ttl=…), with mylock(name), lock, unlock, extend.

Both exclude each other on one name, so processes can move one after the other. What is better here: waiters are served in the
order in which they came, and a name may have colons. What callers notice: a lease that had ended before its `with` did is
logged, extend never shortens what is left, and a name with a } outside of a hash tag is refused.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import typing
import urllib.parse
import uuid

import redis

from . import grants
from .errors import LockLost
from .kinds import Mutex
from .locks import Lock, Locks

log = logging.getLogger("go_redilock")
DEFAULT_INTERVAL = 0.25


class Settings:
    """The arguments of DistributedLock, and the checks of its calls."""

    def __init__(self, redis_host: str = "localhost", redis_port: int = 6379, redis_db: int = 0, ttl: float | None = None,
                 interval: float = DEFAULT_INTERVAL):
        self._host, self._port, self._db, self._ttl, self._interval = redis_host, redis_port, redis_db, ttl, interval
        self._locks: typing.Any = None
        self._pid = 0

    def _seconds(self, ttl: float | None) -> float:
        ttl = ttl or self._ttl
        assert isinstance(ttl, (int, float)) and ttl > 0, "ttl must be >0"
        return math.ceil(ttl * 1000) / 1000

    def _wait(self, block: bool | float, interval: float | None) -> tuple[float, float]:
        """How long to wait at the most, and how often to ask."""
        interval = interval or self._interval
        assert isinstance(interval, (int, float)) and interval > 0, "interval must be >0"
        if isinstance(block, bool):
            return float("inf"), interval
        assert isinstance(block, (int, float)) and block > 0, "block must be >0"
        return block, interval


def new_token(name: str) -> str:
    """A token that has the name in it, so that unlock needs nothing else."""
    return f"_LOCK:{urllib.parse.quote(name, safe='')}:{uuid.uuid4().hex}"


def name_of(token: typing.Any) -> str:
    """The name that a token is for, or nothing."""
    words = token.split(":") if isinstance(token, str) else []
    return urllib.parse.unquote(words[1]) if len(words) == 3 and words[0] == "_LOCK" else ""


def grant_of(token: str) -> grants.Grant:
    """What a token stands for. The server knows its deadline."""
    kind, now = Mutex(), grants.clock()
    return grants.Grant(kind, kind.scripts.keys_of(name_of(token)), token, 1, 0, 0, now + 3600, now, closed=True)


@contextlib.contextmanager
def told(lock_name: str) -> typing.Iterator[None]:
    """A loss is logged: python-redilock says nothing at the end of `with`, and nobody expects an exception there."""
    try:
        yield
    except LockLost as e:
        log.warning("the lock %s was lost before its `with` ended: %s", lock_name, e)


class DistributedLock(Settings):
    """Locks of one server, by name. Nothing is sent before the first call."""

    @property
    def locks(self) -> Locks:
        """The Locks of this package behind it. A fork makes its own connections."""
        if self._locks is None or self._pid != os.getpid():
            self._locks, self._pid = Locks(redis.Redis(host=self._host, port=self._port, db=self._db)), os.getpid()
        return self._locks

    def lock(self, lock_name: str, ttl: float | None = None, block: bool | float = True, interval: float | None = None) -> str | bool:
        """Lock a name for ttl seconds. Returns the token for unlock, or False if it could not be had.

        block: True waits, False does not, a number waits so many seconds. interval: how often to ask.
        """
        lease, (timeout, poll) = self._seconds(ttl), self._wait(block, interval)
        token = new_token(lock_name)
        try:
            if block is False:
                lock = self.locks.try_lock(lock_name, lease, token=token)
            else:
                lock = self.locks.lock(lock_name, lease, timeout, poll, token=token)
        except TimeoutError:
            return False
        return token if lock else False

    def unlock(self, unlock_secret_token: str) -> bool:
        """Whether the lock was still ours."""
        return bool(name_of(unlock_secret_token)) and self._with(unlock_secret_token, Lock.release)

    def extend(self, unlock_secret_token: str, ttl: float | None = None) -> bool:
        """Keep the lock for ttl seconds from now. Whether it was still ours. What is left is never shortened."""
        if not name_of(unlock_secret_token):
            return False
        lease = self._seconds(ttl)
        return self._with(unlock_secret_token, lambda lock: lock.extend(lease))

    def _with(self, token: str, do: typing.Callable[[Lock], typing.Any]) -> bool:
        try:
            do(lock := Lock(self.locks, name_of(token), grant_of(token), 0))
            lock._ended = True
        except LockLost:
            return False
        return True

    @contextlib.contextmanager
    def __call__(self, lock_name: str, ttl: float | None = None) -> typing.Iterator[DistributedLock]:
        lock = self.locks.lock(lock_name, self._seconds(ttl), poll=self._interval)
        try:
            yield self
        finally:
            if lock._pid == os.getpid():  # a fork that leaves the block leaves the lock to its parent
                with told(lock_name):
                    lock.release()
