"""Tasks that are run later, beside the callers' threads: renewals, and releases that failed."""

from __future__ import annotations

import heapq
import itertools
import threading
import typing

from .grants import clock


RETRY = 0.05  # until a thread is asked for again


class Background:
    """One thread that looks at the clock, and one for each task that is due: a call that hangs holds up no other."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tasks: list[tuple[float, int, typing.Callable[[], None]]] = []
        self._count = itertools.count()
        self._runs = False

    def at(self, when: float, task: typing.Callable[[], None]) -> None:
        """Run the task at a time of clock()."""
        with self._changed:
            heapq.heappush(self._tasks, (when, next(self._count), task))
            if not self._runs:
                threading.Thread(target=self._run, name="go_redilock", daemon=True).start()
                self._runs = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                now = clock()
                if not self._tasks or self._tasks[0][0] > now:
                    # At most a second: the condition's clock may stand still where this one goes on.
                    if not self._changed.wait(min(self._tasks[0][0] - now, 1) if self._tasks else 10) and not self._tasks:
                        self._runs = False
                        return
                    continue
                task = heapq.heappop(self._tasks)[2]
            try:
                threading.Thread(target=task, name="go_redilock task", daemon=True).start()
            except RuntimeError:  # no thread is to be had now: this one must not end, for it is all renewals'
                self.at(now + RETRY, task)
