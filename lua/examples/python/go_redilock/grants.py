"""Grants, and who of one process waits for the next. Nothing in here sends anything: the callers hold one mutex around it."""

from __future__ import annotations

import collections
import dataclasses
import math
import secrets
import time
import typing

from .scripts import mutexv1 as scripts

PRESENCE = 6.0  # how long the server believes a waiter alive that does not ask
FENCES = 64  # how many numbers a grant should own, so that a turn can serve as many callers
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


def pause(queued: scripts.AcquireQueued, poll: float) -> float:
    """The first waiter asks every poll, and when the lease ends; the others the less, the further behind they stand."""
    if queued.position == 1 and queued.holder_pttl_ms >= 0:
        return min(poll, (queued.holder_pttl_ms + 1) / 1000)
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

    keys: scripts.Keys
    token: str | bytes
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

    keys: scripts.Keys
    token: str | bytes
    own_token: bool
    lease_ms: int
    wake: typing.Callable[[], typing.Any]
    since: float
    presence_ms: int = ms(PRESENCE)
    asking: bool = False
    gone: bool = False
    handed: bool = False  # by a release of this process
    passed: Grant | None = None
    event: typing.Any = None

    def ask(self) -> scripts._rt.Call:
        return scripts.acquire(self.keys, token=self.token, lease_ms=self.lease_ms, presence_ms=self.presence_ms,
                               fences=1 if self.own_token else FENCES)

    def granted(self, sent: float, fence: int, lease_ms: int, fences: int) -> Grant:
        return Grant(self.keys, self.token, self.lease_ms, fence, fence - fences + 1, certain(sent, lease_ms), clock(),
                     closed=self.own_token)


class Line:
    """The waiters of one process for one name, first come, first served, and the grant that one of them uses."""

    def __init__(self) -> None:
        self.waiters: collections.deque[Waiter] = collections.deque()
        self.holder: Grant | None = None

    def may_ask(self, w: Waiter, now: float) -> bool:
        """Only the first asks the server: when nobody here holds the lock, and if that lasts, to strand nobody."""
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
        self.holder = w.passed = grant

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
            if isinstance(reply, scripts.ReleaseHanded) and reply.token == scripts._rt.string(w.token):
                self.granted(w, w.granted(sent, reply.fence, reply.lease_ms, reply.fences))
                w.handed = True
            else:
                w.asking = True
            w.wake()
        elif self.waiters:
            self.waiters[0].wake()
        return gone

    def leave(self, w: Waiter) -> None:
        w.gone = True
        if w in self.waiters:
            self.waiters.remove(w)


def release_of(keys: scripts.Keys, token: str | bytes, w: Waiter | None = None) -> scripts._rt.Call:
    """The call that gives a token back, and names w as its successor."""
    if w is None:
        return scripts.release(keys, token=token)
    return scripts.release(keys, token=token, successor=w.token, lease_ms=w.lease_ms, presence_ms=w.presence_ms,
                           fences=1 if w.own_token else FENCES)
