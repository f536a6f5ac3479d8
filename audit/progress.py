"""How far a computation is: counts, speed and the time that is left."""

from __future__ import annotations

import dataclasses
import math
import time
from collections import deque

WINDOW_SECONDS = 30.0
"""The speed is that of the last half minute: a slow start is forgotten, a slow folder is noticed."""


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
