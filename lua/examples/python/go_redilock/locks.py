"""Locks for threads, by a redis.Redis or redis.RedisCluster."""

from __future__ import annotations

import contextlib
import logging
import operator
import os
import queue
import threading
import typing
import warnings
import weakref

import redis

from . import grants, kinds
from .background import Background
from .errors import LockLost, LockTimeout
from .grants import Grant, Line, Waiter, clock, ms, pause
from .held import Held
from .kinds import Keys, Mutex
from .once import run, run_once
from .scripts import mutexv1
from .semaphore import RWLock, Semaphore

log = logging.getLogger("go_redilock")
OnLost = typing.Callable[["Lock"], typing.Any]


class _Shared:
    """What the threads of one process share. A fork starts with nothing of it."""

    def __init__(self) -> None:
        self.pid, self.mutex, self.background = os.getpid(), threading.Lock(), Background()
        self.lines: dict[bytes, Line] = {}


class _Event:
    """Of a waiter. threading.Event raises a RuntimeError if a signal's exception comes while it takes its lock again."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        self._queue.put(None)

    def clear(self) -> None:
        while not self._queue.empty():
            self._queue.get()

    def wait(self, seconds: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._queue.get(timeout=seconds)


class Lock(Held):
    """A lock that is held, or some permits of a semaphore, until deadline on clock(). `with` gives it back."""

    locks: Locks

    def __init__(self, locks: Locks, name: str | bytes, grant: Grant, fence: int):
        super().__init__(locks, name, grant, fence)
        self._lost, self._this = threading.Event(), weakref.ref(self)

    def wait_lost(self, timeout: float | None = None) -> bool:
        """Block until a renewed lock is lost, or the timeout."""
        return self._lost.wait(timeout)

    def owned(self) -> bool:
        """Ask the server whether it is still ours."""
        kind, keys, token = self._grant.kind, self._grant.keys, self._grant.token
        return not self._ended and kind.stands(token, run(self.locks.client, kind.probe(keys, token)))

    def extend(self, lease: float) -> None:
        """Keep the lock for `lease` from now at least: it never adds to what is left, and never takes from it."""
        call, sent = self._extending(ms(lease)), clock()
        self._extended(sent, run(self.locks.client, call))

    def shrink(self, weight: int) -> None:
        """Give some of its permits back, and keep `weight` of them. Who waits for them is admitted."""
        self._shrunk(run(self.locks.client, self._shrinking(weight)))

    def downgrade(self) -> None:
        """Make a reader of a writer: other readers come in, and no writer in between."""
        self._check_writer()
        self.shrink(1)

    def release(self) -> None:
        """Give the lock back, to the first that waits. LockLost if it was lost meanwhile; a second release is LockLost, too."""
        self._mine()
        self.locks._release(self)

    if typing.TYPE_CHECKING:
        def __enter__(self) -> Lock: ...
    else:
        # Python runs the handlers of signals where a function begins. An exception of theirs at the beginning of this one would leave
        # the lock held. So it is no function: a weak reference, when it is called, is its object.
        __enter__ = property(operator.attrgetter("_this"))

    def __exit__(self, kind: typing.Any, *_: typing.Any) -> None:
        if self._pid != os.getpid():
            return  # a fork that leaves the block: the lock is its parent's
        try:
            self.release()
        except (LockLost, redis.RedisError) as e:
            if kind is None:
                raise
            log.warning("%r, behind the exception that ended the work: %s", self.name, e)

    def __del__(self) -> None:
        if not self._ended and self._pid == os.getpid() and clock() < self._grant.deadline and not self._grant.closed:
            warnings.warn(f"{self.name!r} was not released: its lease ends by itself", ResourceWarning, source=self)


class Locks:
    """The locks of one server or cluster. Share it between threads, like the client that it is made of.

    owner: what those who inspect a lock see of its token. turn: how long one grant may serve the threads of this process
    without asking the server in between; 0 asks each time.
    """

    def __init__(self, client: redis.Redis | redis.RedisCluster, *, owner: str = "", turn: float = grants.TURN):
        self.client, self.owner, self.turn = client, owner, turn
        self._state = _Shared()

    def _shared(self) -> _Shared:
        if self._state.pid != os.getpid():
            self._state = _Shared()
        return self._state

    def _guard(self) -> threading.Lock:
        return self._shared().mutex

    def try_lock(self, name: str | bytes, lease: float, *, renew: bool = False, on_lost: OnLost | None = None,
                 token: str | bytes | None = None) -> Lock | None:
        """One attempt: a Lock, or None if somebody else has it or waits for it."""
        return self._try(Mutex(), name, lease, renew, on_lost, token)

    def lock(self, name: str | bytes, lease: float, timeout: float = float("inf"), poll: float = 0.25, *,
             renew: bool = False, on_lost: OnLost | None = None, token: str | bytes | None = None) -> Lock:
        """Wait in the queue. LockTimeout, which is a TimeoutError, if that takes longer than `timeout`.

        renew: extend the lock until it is released. If it is lost meanwhile, lock.lost is True, wait_lost returns, and
        on_lost(lock) is called, in a thread of its own. token: one's own, never used before.
        """
        return self._lock(Mutex(), name, lease, timeout, poll, renew, on_lost, token)

    def attach(self, name: str | bytes, token: str | bytes, lease: float) -> Lock:
        """The lock that another process took: extend it, and have it as a Lock here. LockLost if it is lost."""
        return self._attach(Mutex(), name, token, lease)

    def status(self, name: str | bytes) -> mutexv1.InspectStatus:
        """Who holds the lock, and who waits for it."""
        return run(self.client, mutexv1.inspect(mutexv1.keys_of(name)))

    def locked(self, name: str | bytes) -> bool:
        """Whether anybody holds the lock."""
        return self.status(name).holder_pttl_ms != -2

    def semaphore(self, name: str | bytes, limit: int, lease: float) -> Semaphore:
        """`limit` permits of this name, on all machines together."""
        return Semaphore(self, name, limit, lease)

    def rwlock(self, name: str | bytes, lease: float) -> RWLock:
        """Many readers or one writer of this name, on all machines together."""
        return RWLock(self, name, lease)

    def _try(self, kind: Mutex, name: str | bytes, lease: float, renew: bool, on_lost: OnLost | None,
             token: str | bytes | None) -> Lock | None:
        w = self._waiter(kind, name, lease, token, presence_ms=0)
        w.asking = True
        return self._acquire(name, w, clock(), 0, renew, on_lost)

    def _lock(self, kind: Mutex, name: str | bytes, lease: float, timeout: float, poll: float, renew: bool,
              on_lost: OnLost | None, token: str | bytes | None) -> Lock:
        w = self._waiter(kind, name, lease, token)
        if lock := self._acquire(name, w, clock() + timeout, poll, renew, on_lost):
            return lock
        raise LockTimeout(f"{name!r}: held by somebody else")

    def _attach(self, kind: Mutex, name: str | bytes, token: str | bytes, lease: float) -> Lock:
        keys, sent = kind.scripts.keys_of(name), clock()
        reply = run(self.client, kind.extend(keys, token, ms(lease)))
        if isinstance(reply, kinds.NOTHELD):
            raise LockLost(f"{name!r}: the lease has ended, or somebody took the lock")
        grant = grants.attached(kind, keys, token, ms(lease), sent, reply)
        return Lock(self, name, grant, grant.take())

    def _wake(self, grant: Grant) -> None:
        shared = self._shared()
        with shared.mutex:
            if line := shared.lines.get(grant.kind.line(grant.keys)):
                line.wake()

    def _waiter(self, kind: Mutex, name: str | bytes, lease: float, token: str | bytes | None,
                presence_ms: int = ms(grants.PRESENCE)) -> Waiter:
        keys, event = kind.scripts.keys_of(name), _Event()
        w = Waiter(kind, keys, token or grants.new_token(self.owner), token is not None, ms(lease), event.set, clock(), presence_ms)
        w.ask()  # a bad argument is an error before anybody waits
        w.event = event
        return w

    def _acquire(self, name: str | bytes, w: Waiter, end: float, poll: float, renew: bool, on_lost: OnLost | None) -> Lock | None:
        shared = self._shared()
        done = False
        key = w.kind.line(w.keys)
        with shared.mutex:
            line = shared.lines.setdefault(key, Line())
        try:
            with shared.mutex:
                shared.lines[key] = line = shared.lines.get(key, line)
                if w.presence_ms:
                    line.waiters.append(w)
            grant = self._wait(shared, line, w, end, poll)
            if grant:
                with shared.mutex:
                    lock = Lock(self, name, grant, grant.take())
                if grant.deadline <= clock():
                    raise LockLost(f"{name!r}: the answer took longer than the lease")
                if renew:
                    _Renewal(lock, w.lease_ms, shared.background, on_lost)
                done = True  # the last that happens: a signal's exception before it gives the grant back
                return lock
            return None
        finally:
            if not done:  # an exception as well, of whatever kind, leaves neither a lock nor a place in the queue
                self._leave(shared, line, w)

    def _wait(self, shared: _Shared, line: Line, w: Waiter, end: float, poll: float) -> Grant | None:
        tries = 0
        while True:
            w.event.clear()
            with shared.mutex:
                if w.passed:
                    break
                ask = line.may_ask(w, clock())
            if not ask:
                if (left := end - clock()) <= 0:
                    return None
                w.event.wait(min(left, line.patience(w, clock())))
                continue
            sent = clock()
            reply = run(self.client, w.ask())
            if isinstance(reply, kinds.GRANTED):
                with shared.mutex:
                    line.granted(w, w.granted(sent, reply))
                return w.passed
            if isinstance(reply, kinds.HELD):
                tries += 1
                if kinds.wait_ms(reply) == 0 and tries < grants.TRIES:
                    continue
                w.asking = False  # nothing of it is at the server
                return None
            if sent >= end:
                return None
            w.event.wait(max(0, min(pause(reply, poll), end - clock())))
        grant = w.passed
        if w.short:
            self._raise(grant, w)
        return grant

    def _raise(self, grant: Grant, w: Waiter) -> None:
        """What release handed on lasts min(lease, presence): asking again raises it."""
        sent = clock()
        reply = run(self.client, w.ask())
        if not isinstance(reply, kinds.GRANTED):
            raise LockLost("the lease that was handed on has ended")
        grant.raised(sent, reply.fence, reply.lease_ms)

    def _leave(self, shared: _Shared, line: Line, w: Waiter) -> None:
        with shared.mutex:
            line.leave(w)
            grant, asked = w.passed, w.asking
            successor = line.successor() if asked or grant else None
        if grant or asked:
            self._give_back(shared, line, grant, w.kind, w.keys, (grant or w).token, successor)
        else:
            with shared.mutex:
                line.wake()
                self._tidy(shared, w.kind, w.keys, line)

    def _give_back(self, shared: _Shared, line: Line, grant: Grant | None, kind: Mutex, keys: Keys, token: str | bytes,
                   successor: Waiter | None) -> tuple[typing.Any, bool]:
        """Send a release, and apply its answer. One that failed is repeated in the background; its error is returned."""
        sent, result = clock(), (redis.ConnectionError("the release was interrupted"), True)
        try:
            result = run_once(self.client, grants.release_of(kind, keys, token, successor))
        except redis.RedisError as e:
            result = e, True
        finally:
            reply, _ = result
            failed = isinstance(reply, Exception)
            with shared.mutex:
                gone = line.settle(grant, successor, sent, None if failed else reply)
                self._tidy(shared, kind, keys, line)
            if failed:
                self._again(shared, kind, keys, token, grant.deadline if grant else sent + 60)
            if gone:
                self._again(shared, kind, keys, gone.token, sent + 60)
        return result

    def _again(self, shared: _Shared, kind: Mutex, keys: Keys, token: str | bytes, until: float, wait: float = 0.05) -> None:
        """Give a token back until the server has answered, or nothing of it can be left there."""
        def release() -> None:
            try:
                run(self.client, kind.release(keys, token))
            except redis.RedisError:
                if clock() + wait < until:
                    self._again(shared, kind, keys, token, until, min(2 * wait, 1))
        shared.background.at(clock() + wait, release)

    def _release(self, lock: Lock) -> None:
        shared, grant = self._shared(), lock._grant
        with shared.mutex:
            if lock._ended:
                raise LockLost(f"{lock.name!r}: it was given back already")
            lock._ended = True
            line = shared.lines.setdefault(grant.kind.line(grant.keys), Line())
            now = clock()
            late = now >= grant.deadline or grant.lost
            if not late and (next_one := line.pass_on(grant, now, self.turn)):
                next_one.wake()
                return
            grant.closed, successor = True, line.successor()
        reply, repeated = self._give_back(shared, line, grant, grant.kind, grant.keys, grant.token, successor)
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, kinds.NOTHELD) and (not repeated or late or clock() >= grant.deadline):
            raise LockLost(f"{lock.name!r}: the lease had ended, or somebody had taken the lock")

    @staticmethod
    def _tidy(shared: _Shared, kind: Mutex, keys: Keys, line: Line) -> None:
        if not line.waiters and not line.holder and shared.lines.get(kind.line(keys)) is line:
            del shared.lines[kind.line(keys)]


class _Renewal:
    """Extends a lock until it is released, lost, or not reachable any more."""

    def __init__(self, lock: Lock, lease_ms: int, background: Background, on_lost: OnLost | None):
        self.lock, self.lease_ms, self.background, self.on_lost = weakref.ref(lock), lease_ms, background, on_lost
        lock._grant.closed = True
        self.background.at(clock() + lease_ms / 3000, self._extend)
        self.background.at(lock.deadline, self._watch)

    def _live(self) -> Lock | None:
        lock = self.lock()
        return lock if lock and not lock._ended and not lock._lost.is_set() else None

    def _extend(self) -> None:
        if not (lock := self._live()):
            return
        try:
            lock.extend(self.lease_ms / 1000)
            self.background.at(clock() + self.lease_ms / 3000, self._extend)
        except LockLost:
            self._tell(lock)
        except redis.RedisError as e:
            log.warning("%r: could not be renewed, %.1f s are left: %s", lock.name, lock.left, e)
            self.background.at(clock() + max(0.05, self.lease_ms / 10000), self._extend)

    def _watch(self) -> None:
        if not (lock := self._live()):
            return
        if clock() < lock.deadline:
            self.background.at(lock.deadline, self._watch)
        else:
            self._tell(lock)

    def _tell(self, lock: Lock) -> None:
        if lock._ended:
            return
        lock._grant.lost = True
        lock._lost.set()
        log.warning("%r: the lock is lost while it is held", lock.name)
        if self.on_lost:
            self.on_lost(lock)
