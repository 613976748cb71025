"""Tasks beside the callers': renewals, calls that a cancel must not cut off, and what is given back behind a caller's back."""

from __future__ import annotations

import asyncio
import contextlib
import typing

import redis

LAST = 1.0  # s that the last attempt of a release may take when the loop ends
R = typing.TypeVar("R")


def is_cancelled(task: asyncio.Task[typing.Any] | None) -> bool:
    """Whether anybody cancelled it, also where redis-py made another error of that: Python 3.10 does not tell."""
    return bool(task and (task.cancelling() if hasattr(task, "cancelling") else task.done() and task.cancelled()))


class Tasks:
    """The loop itself holds tasks only weakly. Nobody cancels these, but asyncio.run when the program ends."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[typing.Any]] = set()
        self._lasting: set[asyncio.Task[typing.Any]] = set()

    def start(self, coroutine: typing.Coroutine[typing.Any, typing.Any, R], lasting: bool = False) -> asyncio.Task[R]:
        """lasting: it ends with its lock, and nobody waits for that."""
        task = asyncio.ensure_future(coroutine)
        tasks = self._lasting if lasting else self._tasks
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda task: task.cancelled() or task.exception())  # nobody may be waiting for it
        return task

    async def wait(self, timeout: float) -> None:
        """Until there are none, those that they start included."""
        end = asyncio.get_running_loop().time() + timeout
        while self._tasks and (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(set(self._tasks), timeout=left)

    @staticmethod
    async def last(work: typing.Callable[[], typing.Awaitable[typing.Any]]) -> None:
        """The last attempt before the loop ends."""
        with contextlib.suppress(redis.RedisError, asyncio.TimeoutError):
            await asyncio.wait_for(work(), LAST)

    async def to_the_end(self, work: typing.Awaitable[R], at_last: typing.Callable[[], typing.Awaitable[typing.Any]]) -> R:
        """Do the work. If the loop ends meanwhile, do what is to be done at last, here: it would not run another task."""
        try:
            return await work
        except asyncio.CancelledError:
            await self.last(at_last)
            raise
