"""The same locks for asyncio, by a redis.asyncio.Redis or redis.asyncio.RedisCluster."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import typing

import redis

from . import grants, kinds
from .async_semaphore import RWLock, Semaphore
from .errors import LockLost, LockTimeout
from .grants import Grant, Line, Waiter, clock, ms, pause
from .held import Held
from .kinds import Keys, Mutex, Token
from .once import run_all_async, run_once_async
from .scripts import mutexv1
from .tasks import Tasks, is_cancelled

LEAVE, LEAVE_UNANSWERED = 1.0, 0.1  # s that a wait which ended stays to see its place given back
log = logging.getLogger("go_redilock")
OnLost = typing.Callable[["Lock"], typing.Any]


class Lock(Held):
    """A lock that is held, or some permits of a semaphore, until deadline on clock(). `async with` gives it back."""

    locks: Locks

    def __init__(self, locks: Locks, name: str | bytes, grant: Grant, fence: int):
        super().__init__(locks, name, grant, fence)
        self._lost = asyncio.Event()
        self._renewal: asyncio.Task[None] | None = None

    async def wait_lost(self) -> None:
        """Wait until a renewed lock is lost."""
        await self._lost.wait()

    async def owned(self) -> bool:
        """Ask the server whether it is still ours."""
        kind, keys, token = self._grant.kind, self._grant.keys, self._grant.token
        return not self._ended and kind.stands(token, await kind.probe(keys, token).run_async(self.locks.client))

    async def extend(self, lease: float) -> None:
        """Keep the lock for `lease` from now at least: it never adds to what is left, and never takes from it."""
        call, sent = self._extending(ms(lease)), clock()
        self._extended(sent, await call.run_async(self.locks.client))

    async def shrink(self, weight: int) -> None:
        """Give some of its permits back, and keep `weight` of them. Who waits for them is admitted."""
        self._shrunk(await run_all_async(self.locks.client, self._shrinking(weight)))

    async def downgrade(self) -> None:
        """Make a reader of a writer: other readers come in, and no writer in between."""
        self._check_writer()
        await self.shrink(1)

    async def release(self) -> None:
        """Give the lock back, also when the task is cancelled meanwhile. LockLost if it was lost, or given back already."""
        self._mine()
        await self.locks._release(self)

    async def __aenter__(self) -> Lock:
        return self

    async def __aexit__(self, kind: typing.Any, *_: typing.Any) -> None:
        if self._pid != os.getpid():
            return
        try:
            await self.release()
        except (LockLost, redis.RedisError) as e:
            if kind is None:
                raise
            log.warning("%r, behind the exception that ended the work: %s", self.name, e)


class Locks:
    """The locks of one server or cluster, for the tasks of one event loop. See go_redilock.Locks.

    `async with Locks(client) as locks`, or aclose(), waits for what is given back behind the callers' backs.
    """

    def __init__(self, client: typing.Any, *, owner: str = "", turn: float = grants.TURN):
        self.client, self.owner, self.turn = client, owner, turn
        self._lines: dict[bytes, Line] = {}
        self._tasks = Tasks()

    def _guard(self) -> typing.ContextManager[None]:
        return contextlib.nullcontext()

    async def try_lock(self, name: str | bytes, lease: float, *, renew: bool = False, on_lost: OnLost | None = None,
                       token: str | bytes | None = None) -> Lock | None:
        """One attempt: a Lock, or None if somebody else has it or waits for it."""
        return await self._try(Mutex(), name, lease, renew, on_lost, token)

    async def lock(self, name: str | bytes, lease: float, timeout: float = float("inf"), poll: float = 0.25, *,
                   renew: bool = False, on_lost: OnLost | None = None, token: str | bytes | None = None) -> Lock:
        """Wait in the queue, until asyncio.timeout or a cancel ends it, or a LockTimeout after `timeout`.

        renew: extend the lock until it is released. If it is lost meanwhile, lock.lost is True, wait_lost returns, and
        on_lost(lock) is called.
        """
        return await self._lock(Mutex(), name, lease, timeout, poll, renew, on_lost, token)

    async def attach(self, name: str | bytes, token: str | bytes, lease: float) -> Lock:
        """The lock that another process took: extend it, and have it as a Lock here. LockLost if it is lost."""
        return await self._attach(Mutex(), name, token, lease)

    async def status(self, name: str | bytes) -> mutexv1.InspectStatus:
        """Who holds the lock, and who waits for it."""
        return await mutexv1.inspect(mutexv1.keys_of(name)).run_async(self.client)

    async def locked(self, name: str | bytes) -> bool:
        """Whether anybody holds the lock."""
        return (await self.status(name)).holder_pttl_ms != -2

    def semaphore(self, name: str | bytes, limit: int, lease: float) -> Semaphore:
        """`limit` permits of this name, on all machines together."""
        return Semaphore(self, name, limit, lease)

    def rwlock(self, name: str | bytes, lease: float) -> RWLock:
        """Many readers or one writer of this name, on all machines together."""
        return RWLock(self, name, lease)

    async def aclose(self, timeout: float = 2) -> None:
        """Wait until the server has answered what is still to be given back, for so long at the most. Locks stay held."""
        await self._tasks.wait(timeout)

    async def __aenter__(self) -> Locks:
        return self

    async def __aexit__(self, *_: typing.Any) -> None:
        await self.aclose()

    async def _try(self, kind: Mutex, name: str | bytes, lease: float, renew: bool, on_lost: OnLost | None,
                   token: str | bytes | None) -> Lock | None:
        w = self._waiter(kind, name, lease, token, presence_ms=0)
        w.asking = True
        return await self._acquire(name, w, clock(), 0, renew, on_lost)

    async def _lock(self, kind: Mutex, name: str | bytes, lease: float, timeout: float, poll: float, renew: bool,
                    on_lost: OnLost | None, token: str | bytes | None) -> Lock:
        w = self._waiter(kind, name, lease, token)
        if lock := await self._acquire(name, w, clock() + timeout, poll, renew, on_lost):
            return lock
        raise LockTimeout(f"{name!r}: held by somebody else")

    async def _attach(self, kind: Mutex, name: str | bytes, token: str | bytes, lease: float) -> Lock:
        keys, sent = kind.scripts.keys_of(name), clock()
        reply = await kind.extend(keys, token, ms(lease)).run_async(self.client)
        if isinstance(reply, kinds.NOTHELD):
            raise LockLost(f"{name!r}: the lease has ended, or somebody took the lock")
        grant = grants.attached(kind, keys, token, ms(lease), sent, reply)
        return Lock(self, name, grant, grant.take())

    def _wake(self, grant: Grant) -> None:
        if line := self._lines.get(grant.kind.line(grant.keys)):
            line.wake()

    def _waiter(self, kind: Mutex, name: str | bytes, lease: float, token: str | bytes | None,
                presence_ms: int = ms(grants.PRESENCE)) -> Waiter:
        keys, event = kind.scripts.keys_of(name), asyncio.Event()
        w = Waiter(kind, keys, token or grants.new_token(self.owner), token is not None, ms(lease), event.set, clock(), presence_ms)
        w.ask()  # a bad argument is an error before anybody waits
        w.event = event
        return w

    async def _acquire(self, name: str | bytes, w: Waiter, end: float, poll: float, renew: bool, on_lost: OnLost | None) -> Lock | None:
        line = self._lines.setdefault(w.kind.line(w.keys), Line())
        if w.presence_ms:
            line.waiters.append(w)
        lock, asks = None, []
        try:
            if grant := await self._wait(line, w, end, poll, asks):
                lock = Lock(self, name, grant, grant.take())
                if grant.deadline <= clock():
                    lock = None
                    raise LockLost(f"{name!r}: the answer took longer than the lease")
                if renew:
                    grant.closed = True
                    lock._renewal = self._tasks.start(self._renew(lock, w.lease_ms, on_lost), lasting=True)
            return lock
        finally:
            if lock is None:  # what was cancelled leaves neither a lock nor a place in the queue, and is over soon
                line.leave(w)
                await self._left(self._tasks.start(self._leave(line, w, asks)), asks)

    async def _left(self, leaving: asyncio.Task[None], asks: list[asyncio.Task[typing.Any]]) -> None:
        """Wait for it a little, so that a program that ends now leaves nothing behind."""
        answered = not asks or asks[-1].done()
        await asyncio.wait([leaving], timeout=LEAVE if answered else LEAVE_UNANSWERED)
        if asks and is_cancelled(asks[-1]):  # only the end of the loop does that
            await asyncio.wait([leaving])

    async def _wait(self, line: Line, w: Waiter, end: float, poll: float, asks: list[asyncio.Task[typing.Any]]) -> Grant | None:
        tries = 0
        while not w.passed:
            w.event.clear()
            if not line.may_ask(w, clock()):
                if (left := end - clock()) <= 0:
                    return None
                await self._sleep(w, min(left, line.patience(w, clock())))
                continue
            sent = clock()
            # A task of its own: cancelled in mid-call, redis-py would leave us in doubt whether it was sent.
            asks[:] = [self._tasks.start(w.ask().run_async(self.client))]
            done, _ = await asyncio.wait(asks, timeout=None if end == float("inf") else max(0, end - sent) + 0.1)
            if not done:
                return None  # a silent server: the caller's patience is over
            reply = asks[0].result()
            if isinstance(reply, kinds.GRANTED):
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
            await self._sleep(w, max(0, min(pause(reply, poll), end - clock())))
        if w.short:  # what release handed on lasts the presence: asking again raises it
            sent = clock()
            asks[:] = [self._tasks.start(w.ask().run_async(self.client))]
            reply = await asyncio.shield(asks[0])
            if not isinstance(reply, kinds.GRANTED):
                raise LockLost("the lease that was handed on has ended")
            w.passed.raised(sent, reply.fence, reply.lease_ms)
        return w.passed

    @staticmethod
    async def _sleep(w: Waiter, seconds: float) -> None:
        try:
            await asyncio.wait_for(w.event.wait(), seconds)
        except asyncio.TimeoutError:
            pass

    async def _leave(self, line: Line, w: Waiter, asks: list[asyncio.Task[typing.Any]]) -> None:
        def at_last() -> typing.Awaitable[None]:
            return self._once_more(w.kind, w.keys, w.token)

        if asks:
            await self._tasks.to_the_end(asyncio.wait(asks), at_last)  # the server must see the release after it
            if is_cancelled(asks[0]):
                return await self._tasks.last(at_last)
            if not asks[0].exception() and isinstance(asks[0].result(), kinds.HELD):
                return self._tidy(w.kind, w.keys, line)
        if w.passed or w.asking:
            await self._give_back(line, w.passed, w.kind, w.keys, (w.passed or w).token)
        else:
            line.wake()
            self._tidy(w.kind, w.keys, line)

    async def _give_back(self, line: Line, grant: Grant | None, kind: Mutex, keys: Keys, token: Token) -> tuple[typing.Any, bool]:
        """Send a release, and apply its answer. One that failed is repeated in the background; its error is returned."""
        successor, sent = line.successor(), clock()
        call = grants.release_of(kind, keys, token, successor)
        try:
            reply, repeated = await self._tasks.to_the_end(run_once_async(self.client, call),
                                                           lambda: self._once_more(kind, keys, token))
        except redis.RedisError as e:
            reply, repeated = e, True
            if not is_cancelled(asyncio.current_task()):
                self._tasks.start(self._again(kind, keys, token, grant.deadline if grant else sent + 60))
        gone = line.settle(grant, successor, sent, reply)
        self._tidy(kind, keys, line)
        if gone:
            self._tasks.start(self._again(kind, keys, gone.token, sent + 60))
        return reply, repeated

    async def _once_more(self, kind: Mutex, keys: Keys, token: Token) -> None:
        await run_all_async(self.client, kind.release(keys, token))

    async def _again(self, kind: Mutex, keys: Keys, token: Token, until: float) -> None:
        wait = 0.05
        while clock() < until:
            await self._tasks.to_the_end(asyncio.sleep(wait), lambda: self._once_more(kind, keys, token))
            wait = min(2 * wait, 1)
            try:
                return await self._tasks.to_the_end(self._once_more(kind, keys, token), lambda: self._once_more(kind, keys, token))
            except redis.RedisError:
                continue

    async def _release(self, lock: Lock) -> None:
        grant = lock._grant
        if lock._ended:
            raise LockLost(f"{lock.name!r}: it was given back already")
        lock._ended = True
        if lock._renewal:
            lock._renewal.cancel()
        line, now = self._lines.setdefault(grant.kind.line(grant.keys), Line()), clock()
        late = now >= grant.deadline or grant.lost
        if not late and (next_one := line.pass_on(grant, now, self.turn)):
            next_one.wake()
            return
        grant.closed = True
        reply, repeated = await asyncio.shield(self._tasks.start(self._give_back(line, grant, grant.kind, grant.keys, grant.token)))
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, kinds.NOTHELD) and (not repeated or late or clock() >= grant.deadline):
            raise LockLost(f"{lock.name!r}: the lease had ended, or somebody had taken the lock")

    async def _renew(self, lock: Lock, lease_ms: int, on_lost: OnLost | None) -> None:
        wait = lease_ms / 3000
        while not lock.lost:
            await asyncio.sleep(min(wait, lock.left))
            if lock._ended or lock.lost:
                break
            try:
                await asyncio.wait_for(lock.extend(lease_ms / 1000), lock.left)
                wait = lease_ms / 3000
            except LockLost:
                break
            except (redis.RedisError, asyncio.TimeoutError) as e:
                log.warning("%r: could not be renewed, %.1f s are left: %s", lock.name, lock.left, e)
                wait = max(0.05, lease_ms / 10000)
        if not lock._ended:
            lock._grant.lost = True
            lock._lost.set()
            log.warning("%r: the lock is lost while it is held", lock.name)
            if on_lost:
                on_lost(lock)

    def _tidy(self, kind: Mutex, keys: Keys, line: Line) -> None:
        if not line.waiters and not line.holder and self._lines.get(kind.line(keys)) is line:
            del self._lines[kind.line(keys)]
