"""How far a computation is: counts, speed and the time that is left."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

WINDOW_SECONDS = 30.0
"""The speed is that of the last half minute: a slow start is forgotten, a slow folder is noticed."""


Item = TypeVar("Item")

_LISTENER: ContextVar[Callable[[Progress], None] | None] = ContextVar("listener", default=None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """A report of a running computation.

    Parameters
    ----------
    stage
        What is being done, in words.
    done, total
        Images (or steps) finished, in this run and before, and altogether.
    rate
        Images a second in the last half minute; NaN while unknown.
    seconds_left
        At that rate; NaN while unknown.
    """

    stage: str
    done: int
    total: int
    rate: float = math.nan
    seconds_left: float = math.nan


class Meter:
    """Counts and times.

    Parameters
    ----------
    stage
        What is being done, in words.
    total
        How much there is to do, what was done before included.
    """

    def __init__(self, stage: str, total: int) -> None:
        self._stage = stage
        self._total = total
        self._done = 0
        self._seen: deque[tuple[float, int]] = deque()
        self.start_at(0)

    def start_at(self, done: int) -> None:
        """Begin with what a former run finished; it does not count for the speed."""
        self._done = done
        self._seen = deque([(time.monotonic(), done)])

    def advance(self, count: int) -> Progress:
        """Add what was finished and return a report."""
        now = time.monotonic()
        self._done += count
        self._seen.append((now, self._done))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW_SECONDS:
            self._seen.popleft()
        since, before = self._seen[0]
        rate = (self._done - before) / max(now - since, 1e-9)
        left = (self._total - self._done) / rate if rate > 0 else math.nan
        return Progress(stage=self._stage, done=self._done, total=self._total, rate=rate, seconds_left=left)


@contextlib.contextmanager
def listening(listener: Callable[[Progress], None]) -> Iterator[None]:
    """Let what :func:`counted` counts inside be told to a listener, which may raise to stop it.

    Parameters
    ----------
    listener
        Receives every report.
    """
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def counted(
    items: Iterable[Item],
    stage: str,
    total: int,
    *,
    done: int = 0,
    size: Callable[[Item], int] = lambda _: 1,
) -> Iterator[Item]:
    """Yield items, and tell whoever listens how far it is: a long computation in one piece stays alive and can end.

    Parameters
    ----------
    items
        What is worked on.
    stage
        What is being done, in words.
    total
        Steps altogether.
    done
        Steps done before the first item.
    size
        Steps of an item; 1 by default.
    """
    listener = _LISTENER.get()
    meter = Meter(stage, total)
    meter.start_at(done)
    if listener is not None:
        listener(Progress(stage=stage, done=done, total=total))
    for item in items:
        yield item
        report = meter.advance(size(item))
        if listener is not None:
            listener(report)
