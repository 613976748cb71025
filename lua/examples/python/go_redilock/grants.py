"""Grants, and who of one process waits for the next. Nothing in here sends anything: the callers hold one mutex around it."""

from __future__ import annotations

import collections
import dataclasses
import math
import secrets
import time
import typing

from . import kinds
from .kinds import Keys, Mutex, Token
from .scripts import runtime

PRESENCE = 6.0  # how long the server believes a waiter alive that does not ask
TRIES = 100  # of one attempt that is told to ask again at once
TURN = 0.001  # how long one grant may serve the callers of one process


def clock() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine is suspended, where there is one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def ms(seconds: float) -> int:
    """Milliseconds; of what is more than nothing, one at the least."""
    return max(int(seconds * 1000), min(1, math.ceil(seconds)))


def certain(sent: float, lease_ms: int) -> float:
    """Until when a grant is ours for sure: counted from before the request, less 1 % + 2 ms for clocks that run apart."""
    return sent + lease_ms * 0.99 / 1000 - 0.002


def pause(queued: typing.Any, poll: float) -> float:
    """The first waiter asks every poll, and when a lease ends; the others the less, the further behind they stand."""
    wait_ms = kinds.wait_ms(queued)
    if queued.position == 1 and wait_ms >= 0:
        return min(poll, (wait_ms + 1) / 1000)
    return min(poll * queued.position, PRESENCE / 3)


def new_token(owner: str = "") -> str:
    """One per acquisition; what stands before the slash is for those who inspect a lock."""
    return f"{owner}/{secrets.token_urlsafe(16)}" if owner else secrets.token_urlsafe(16)


def text(token: bytes | str) -> str:
    """A token as it is shown to callers."""
    return token if isinstance(token, str) else token.decode("utf-8", "surrogateescape")


@dataclasses.dataclass(eq=False)
class Grant:
    """What the server gave to one token: the lock until a deadline, and numbers of which each holder takes one."""

    kind: Mutex
    keys: Keys
    token: Token
    lease_ms: int  # that was asked for
    last: int  # of its numbers
    next: int
    deadline: float
    arrived: float
    closed: bool = False  # no further holder may use it: somebody knows the token, or it was extended or released
    lost: bool = False

    def raised(self, sent: float, fence: int, lease_ms: int) -> None:
        """A repeated acquire or an extend was answered."""
        self.deadline = max(self.deadline, certain(sent, lease_ms))
        self.closed = self.closed or fence > self.last  # the counter was lost

    def passes_to(self, w: Waiter, now: float, turn: float) -> bool:
        """Whether w may use this grant without asking the server."""
        return not (self.closed or self.lost or self.next > self.last) and now - self.arrived < turn and \
            w.lease_ms == self.lease_ms and self.deadline - now > self.lease_ms / 2000

    def take(self) -> int:
        """A holder's fence."""
        self.next += 1
        return self.next - 1


@dataclasses.dataclass(eq=False)
class Waiter:
    """A caller that waits. asking: it asks the server for itself; gone: it gave up."""

    kind: Mutex
    keys: Keys
    token: Token
    own_token: bool
    lease_ms: int
    wake: typing.Callable[[], typing.Any]
    since: float
    presence_ms: int = ms(PRESENCE)
    asking: bool = False
    gone: bool = False
    short: bool = False  # a release of this process handed it on, for less than the lease that was asked for
    passed: Grant | None = None
    event: typing.Any = None

    @property
    def fences(self) -> int:
        return 1 if self.own_token else self.kind.fences

    def ask(self) -> runtime.Call:
        return self.kind.acquire(self.keys, self.token, self.lease_ms, self.presence_ms, self.fences)

    def granted(self, sent: float, row: typing.Any) -> Grant:
        return Grant(self.kind, self.keys, self.token, self.lease_ms, row.fence, row.fence - row.fences + 1,
                     certain(sent, row.lease_ms), clock(), closed=self.own_token)


class Line:
    """The waiters of one process for one name, first come, first served, and the exclusive grant that one of them uses."""

    def __init__(self) -> None:
        self.waiters: collections.deque[Waiter] = collections.deque()
        self.holder: Grant | None = None

    def may_ask(self, w: Waiter, now: float) -> bool:
        """Only the first asks the server: when nobody here keeps it out, and if that lasts, to strand nobody."""
        if not w.asking and self.waiters and self.waiters[0] is w:
            held = self.holder and self.holder.deadline > now
            w.asking = not held or now - w.since >= PRESENCE / 3
        return w.asking

    def patience(self, w: Waiter, now: float) -> float:
        """How long w may wait for its event before it looks again."""
        if self.holder and self.waiters and self.waiters[0] is w:
            return max(0.001, min(self.holder.deadline - now, w.since + PRESENCE / 3 - now))
        return PRESENCE / 3

    def granted(self, w: Waiter, grant: Grant) -> None:
        if w in self.waiters:
            self.waiters.remove(w)
        w.passed = grant
        if grant.kind.exclusive:
            self.holder = grant
        else:
            self.wake()

    def wake(self) -> None:
        """Let the first look whether it may go in, or ask."""
        if self.waiters:
            self.waiters[0].wake()

    def _holds(self, grant: Grant | None) -> bool:
        return bool(self.holder and grant and self.holder.token == grant.token)

    def pass_on(self, grant: Grant, now: float, turn: float) -> Waiter | None:
        """Give the grant of a holder that is done to the next, without the server. Else it must be released."""
        w = self.waiters[0] if self.waiters and self._holds(grant) else None
        if w and not w.asking and grant.passes_to(w, now, turn):
            self.granted(w, grant)
            return w
        grant.closed = True
        return None

    def successor(self) -> Waiter | None:
        """Who is to be named in a release. One that asks for itself stands at the server already."""
        return self.waiters[0] if self.waiters and not self.waiters[0].asking else None

    def settle(self, grant: Grant | None, w: Waiter | None, sent: float, reply: typing.Any) -> Waiter | None:
        """Apply the answer to a release that named w (reply None: it failed). Returns a successor that is gone meanwhile."""
        if self._holds(grant):
            self.holder = None
        gone = w if w and w.gone else None
        if w and not gone and not w.passed:
            row = next((row for row in kinds.told(reply) if row.token == runtime.string(w.token)), None)
            if row:
                self.granted(w, w.granted(sent, row))
                w.short = row.lease_ms < w.lease_ms
            else:
                w.asking = True
            w.wake()
        else:
            self.wake()
        return gone

    def leave(self, w: Waiter) -> None:
        w.gone = True
        if w in self.waiters:
            self.waiters.remove(w)


def release_of(kind: Mutex, keys: Keys, token: Token, w: Waiter | None = None) -> runtime.Call:
    """The call that gives a token back, and names w as its successor."""
    if w is None:
        return kind.release(keys, token)
    return w.kind.hand_on(keys, token, w.token, w.lease_ms, w.presence_ms, w.fences)


def attached(kind: Mutex, keys: Keys, token: Token, lease_ms: int, sent: float, reply: typing.Any) -> Grant:
    """The grant of another process, of which an extend was answered."""
    return Grant(kind, keys, token, lease_ms, reply.fence, reply.fence, certain(sent, reply.lease_left_ms), clock(), closed=True)
