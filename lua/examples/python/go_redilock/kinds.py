"""What the machinery of waiting, renewing and releasing has to know of a primitive: which calls it is, and how its replies read."""

from __future__ import annotations

import dataclasses
import types
import typing

from .scripts import mutexv1, runtime, semaphorev1

MOST = 2**31 - 1  # the limit of a readers–writer lock, and the weight of its writer

Keys = typing.Union[mutexv1.Keys, semaphorev1.Keys]
Token = typing.Union[str, bytes]
GRANTED = (mutexv1.AcquireGranted, semaphorev1.AcquireGranted)
HELD = (mutexv1.AcquireHeld, semaphorev1.AcquireHeld)
NOTHELD = (mutexv1.ExtendNotheld, semaphorev1.ExtendNotheld, semaphorev1.ShrinkNotheld, mutexv1.ReleaseNotheld,
           semaphorev1.ReleaseNotheld)


class Mutex:
    """One holder."""

    scripts: typing.ClassVar[types.ModuleType] = mutexv1
    exclusive: typing.ClassVar[bool] = True  # a grant keeps the other callers of its process out
    fences: typing.ClassVar[int] = 64  # numbers that a grant should own, so that a turn can serve as many callers
    permits: typing.Mapping[str, int] = {}
    weight: int = 1

    def line(self, keys: Keys) -> bytes:
        """What the waiters of one process stand in line for."""
        return keys.lock

    def acquire(self, keys: Keys, token: Token, lease_ms: int, presence_ms: int, fences: int) -> runtime.Call:
        return self.scripts.acquire(keys, token=token, lease_ms=lease_ms, presence_ms=presence_ms, fences=fences, **self.permits)

    def extend(self, keys: Keys, token: Token, lease_ms: int) -> runtime.Call:
        return self.scripts.extend(keys, token=token, lease_ms=lease_ms, **self.permits)

    def release(self, keys: Keys, token: Token) -> runtime.Call:
        return self.scripts.release(keys, token=token)

    def hand_on(self, keys: Keys, token: Token, successor: Token, lease_ms: int, presence_ms: int, fences: int) -> runtime.Call:
        """A release that names who is to have the next turn: this is the successor's kind."""
        return self.scripts.release(keys, token=token, successor=successor, lease_ms=lease_ms, presence_ms=presence_ms,
                                    fences=fences, **self.permits)

    def probe(self, keys: Keys, token: Token) -> runtime.Call:
        """Asks whether the grant stands."""
        return self.scripts.inspect(keys)

    def stands(self, token: Token, reply: typing.Any) -> bool:
        return reply.holder == runtime.string(token)


@dataclasses.dataclass(frozen=True)
class Permits(Mutex):
    """Some of the permits of a semaphore."""

    limit: int
    weight: int = 1

    scripts: typing.ClassVar[types.ModuleType] = semaphorev1
    exclusive: typing.ClassVar[bool] = False
    fences: typing.ClassVar[int] = 1

    def __post_init__(self) -> None:
        runtime.whole("limit", self.limit, 1, MOST)
        runtime.whole("weight", self.weight, 1, self.limit)

    @property
    def permits(self) -> dict[str, int]:
        return {"limit": self.limit, "weight": self.weight}

    def line(self, keys: Keys) -> bytes:
        return keys.members

    def probe(self, keys: Keys, token: Token) -> runtime.Call:
        """An extend, which never shortens: inspect lists the first holders only."""
        return self.extend(keys, token, 1)

    def stands(self, token: Token, reply: typing.Any) -> bool:
        return not isinstance(reply, NOTHELD)


def wait_ms(reply: typing.Any) -> int:
    """Of a QUEUED or HELD: until a lease ends; 0: ask again at once."""
    return reply.wait_ms if hasattr(reply, "wait_ms") else reply.holder_pttl_ms


def told(reply: typing.Any) -> list[typing.Any]:
    """Whom a release granted, of those that the caller has to tell: rows with token, fence, lease_ms, fences."""
    return [reply] if isinstance(reply, mutexv1.ReleaseHanded) else getattr(reply, "granted", [])
