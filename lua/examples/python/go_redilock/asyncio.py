"""The same locks for asyncio, by a redis.asyncio.Redis or redis.asyncio.RedisCluster."""

from __future__ import annotations

import asyncio
import logging
import os
import typing

import redis
import redis.asyncio

from . import grants
from .errors import ForkedError, LockLost, LockTimeout
from .grants import Grant, Line, Waiter, certain, clock, ms, pause
from .once import run_once_async
from .scripts import mutexv1 as scripts

log = logging.getLogger("go_redilock")
OnLost = typing.Callable[["Lock"], typing.Any]


class Lock:
    """A lock that is held, until deadline on clock(). `async with` gives it back."""

    def __init__(self, locks: Locks, name: str | bytes, grant: Grant, fence: int):
        self.locks, self.name, self.fence = locks, name, fence
        self._grant, self._ended, self._pid = grant, False, os.getpid()
        self._lost, self._renewal = asyncio.Event(), None

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
        if self._ended:
            raise LockLost(f"{self.name!r}: it was given back")
        self._grant.closed = True
        return grants.text(self._grant.token)

    @property
    def lost(self) -> bool:
        """Whether it is known to be lost. Nothing is asked of the server."""
        return self._grant.lost or self._ended or clock() >= self._grant.deadline

    async def wait_lost(self) -> None:
        """Wait until a renewed lock is lost."""
        await self._lost.wait()

    def check(self) -> None:
        """Raise LockLost if it is known to be lost."""
        if self.lost:
            raise LockLost(f"{self.name!r}: the lease has ended, or somebody took the lock")

    async def owned(self) -> bool:
        """Ask the server whether it is still ours."""
        return not self._ended and (await self.locks.status(self.name)).holder == scripts._rt.string(self._grant.token)

    async def extend(self, lease: float) -> None:
        """Keep the lock for `lease` from now at least: it never adds to what is left, and never takes from it."""
        if self._pid != os.getpid():
            raise ForkedError(f"{self.name!r} was locked by process {self._pid}")
        if self._ended:
            raise LockLost(f"{self.name!r}: it was given back")
        self._grant.closed, sent = True, clock()
        call = scripts.extend(self._grant.keys, token=self._grant.token, lease_ms=ms(lease))
        reply = await call.run_async(self.locks.client)
        if isinstance(reply, scripts.ExtendNotheld):
            self._grant.lost = True
            self._lost.set()
            raise LockLost(f"{self.name!r}: the lease has ended, or somebody took the lock")
        self._grant.raised(sent, reply.fence, reply.lease_left_ms)

    async def release(self) -> None:
        """Give the lock back, also when the task is cancelled meanwhile. LockLost if it was lost, or given back already."""
        if self._pid != os.getpid():
            raise ForkedError(f"{self.name!r} was locked by process {self._pid}")
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
    """The locks of one server or cluster, for the tasks of one event loop. See go_redilock.Locks."""

    def __init__(self, client: typing.Any, *, owner: str = "", turn: float = grants.TURN):
        self.client, self.owner, self.turn = client, owner, turn
        self._lines: dict[bytes, Line] = {}
        self._tasks: set[asyncio.Task[typing.Any]] = set()

    async def try_lock(self, name: str | bytes, lease: float, *, renew: bool = False, on_lost: OnLost | None = None,
                       token: str | bytes | None = None) -> Lock | None:
        """One attempt: a Lock, or None if somebody else has it or waits for it."""
        w = self._waiter(name, lease, token, presence_ms=0)
        w.asking = True
        return await self._acquire(name, w, clock(), 0, renew, on_lost)

    async def lock(self, name: str | bytes, lease: float, timeout: float = float("inf"), poll: float = 0.25, *,
                   renew: bool = False, on_lost: OnLost | None = None, token: str | bytes | None = None) -> Lock:
        """Wait in the queue, until asyncio.timeout or a cancel ends it, or a LockTimeout after `timeout`.

        renew: extend the lock until it is released. If it is lost meanwhile, lock.lost is True, wait_lost returns, and
        on_lost(lock) is called.
        """
        w = self._waiter(name, lease, token)
        if lock := await self._acquire(name, w, clock() + timeout, poll, renew, on_lost):
            return lock
        raise LockTimeout(f"{name!r}: held by somebody else")

    async def attach(self, name: str | bytes, token: str | bytes, lease: float) -> Lock:
        """The lock that another process took: extend it, and have it as a Lock here. LockLost if it is lost."""
        keys, sent = scripts.keys_of(name), clock()
        reply = await scripts.extend(keys, token=token, lease_ms=ms(lease)).run_async(self.client)
        if isinstance(reply, scripts.ExtendNotheld):
            raise LockLost(f"{name!r}: the lease has ended, or somebody took the lock")
        grant = Grant(keys, token, ms(lease), reply.fence, reply.fence, certain(sent, reply.lease_left_ms), clock(), closed=True)
        return Lock(self, name, grant, grant.take())

    async def status(self, name: str | bytes) -> scripts.InspectStatus:
        """Who holds the lock, and who waits for it."""
        return await scripts.inspect(scripts.keys_of(name)).run_async(self.client)

    async def locked(self, name: str | bytes) -> bool:
        """Whether anybody holds the lock."""
        return (await self.status(name)).holder_pttl_ms != -2

    def _waiter(self, name: str | bytes, lease: float, token: str | bytes | None, presence_ms: int = ms(grants.PRESENCE)) -> Waiter:
        keys, event = scripts.keys_of(name), asyncio.Event()
        w = Waiter(keys, token or grants.new_token(self.owner), token is not None, ms(lease), event.set, clock(), presence_ms)
        w.ask()  # a bad argument is an error before anybody waits
        w.event = event
        return w

    async def _acquire(self, name: str | bytes, w: Waiter, end: float, poll: float, renew: bool, on_lost: OnLost | None) -> Lock | None:
        line = self._lines.setdefault(w.keys.lock, Line())
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
                    lock._renewal = self._spawn(self._renew(lock, w.lease_ms, on_lost))
            return lock
        finally:
            if lock is None:  # what was cancelled leaves neither a lock nor a place in the queue, and is over at once
                line.leave(w)
                task = self._spawn(self._leave(line, w, asks))
                if not asks or asks[-1].done():
                    await asyncio.shield(task)

    async def _wait(self, line: Line, w: Waiter, end: float, poll: float, asks: list[asyncio.Task[typing.Any]]) -> Grant | None:
        while not w.passed:
            w.event.clear()
            if not line.may_ask(w, clock()):
                if (left := end - clock()) <= 0:
                    return None
                await self._sleep(w, min(left, line.patience(w, clock())))
                continue
            sent = clock()
            # A task of its own: cancelled in mid-call, redis-py would leave us in doubt whether it was sent.
            asks[:] = [self._spawn(w.ask().run_async(self.client))]
            done, _ = await asyncio.wait(asks, timeout=None if end == float("inf") else max(0, end - sent) + 0.1)
            if not done:
                return None  # a silent server: the caller's patience is over
            reply = asks[0].result()
            if isinstance(reply, scripts.AcquireGranted):
                line.granted(w, w.granted(sent, reply.fence, reply.lease_ms, reply.fences))
                return w.passed
            if isinstance(reply, scripts.AcquireHeld):
                w.asking = False  # nothing of it is at the server
                return None
            if sent >= end:
                return None
            await self._sleep(w, max(0, min(pause(reply, poll), end - clock())))
        if w.handed and w.lease_ms > w.presence_ms:  # what release handed on lasts the presence: asking again raises it
            sent = clock()
            asks[:] = [self._spawn(w.ask().run_async(self.client))]
            reply = await asyncio.shield(asks[0])
            if not isinstance(reply, scripts.AcquireGranted):
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
        if asks:
            await asyncio.wait(asks)  # the server must see the release after it
            if not asks[0].cancelled() and not asks[0].exception() and isinstance(asks[0].result(), scripts.AcquireHeld):
                return self._tidy(w.keys, line)
        if w.passed:
            await self._give_back(line, w.passed, w.keys, w.passed.token)
        elif w.asking:
            await self._give_back(line, None, w.keys, w.token)
        else:
            self._tidy(w.keys, line)

    async def _give_back(self, line: Line, grant: Grant | None, keys: scripts.Keys, token: str | bytes) -> tuple[typing.Any, bool]:
        """Send a release, and apply its answer. One that failed is repeated in the background; its error is returned."""
        successor, sent, result = line.successor(), clock(), (redis.ConnectionError("the release was interrupted"), True)
        try:
            result = await run_once_async(self.client, grants.release_of(keys, token, successor))
        except redis.RedisError as e:
            result = e, True
        finally:
            failed = isinstance(result[0], Exception)
            gone = line.settle(grant, successor, sent, None if failed else result[0])
            self._tidy(keys, line)
            if failed:
                self._spawn(self._again(keys, token, grant.deadline if grant else sent + 60))
            if gone:
                self._spawn(self._again(keys, gone.token, sent + 60))
        return result

    async def _again(self, keys: scripts.Keys, token: str | bytes, until: float) -> None:
        wait = 0.05
        while clock() < until:
            await asyncio.sleep(wait)
            wait = min(2 * wait, 1)
            try:
                return await grants.release_of(keys, token).run_async(self.client) and None
            except redis.RedisError:
                continue

    async def _release(self, lock: Lock) -> None:
        grant = lock._grant
        if lock._ended:
            raise LockLost(f"{lock.name!r}: it was given back already")
        lock._ended = True
        if lock._renewal:
            lock._renewal.cancel()
        line, now = self._lines.setdefault(grant.keys.lock, Line()), clock()
        late = now >= grant.deadline or grant.lost
        if not late and (next_one := line.pass_on(grant, now, self.turn)):
            next_one.wake()
            return
        grant.closed = True
        reply, repeated = await asyncio.shield(self._spawn(self._give_back(line, grant, grant.keys, grant.token)))
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, scripts.ReleaseNotheld) and (not repeated or late or clock() >= grant.deadline):
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

    def _tidy(self, keys: scripts.Keys, line: Line) -> None:
        if not line.waiters and not line.holder and self._lines.get(keys.lock) is line:
            del self._lines[keys.lock]

    def _spawn(self, coroutine: typing.Coroutine[typing.Any, typing.Any, typing.Any]) -> asyncio.Task[typing.Any]:
        """A task that nobody's cancellation ends. The loop itself holds tasks only weakly."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
