"""Work on matrices in lanes: threads side by side, each with its share of the processors for products.

A product or a factorisation that spreads over all processors leaves most of them idle during whatever follows it.
Where there are many blocks of the same work, a lane does all of a block by itself and no processor waits.
"""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from audit.provenance import processors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadpoolctl import threadpool_limits

MOST = 8
"""Lanes at most: each takes memory, and beyond a few a lane's own products are as quick on several processors."""


class _Share:
    """How many threads a product of NumPy and SciPy may take, as long as any lanes are open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limits: threadpool_limits | None = None

    def begin(self, threads: int) -> None:
        from threadpoolctl import threadpool_limits

        with self._lock:
            self._users += 1
            if self._limits is None:
                self._limits = threadpool_limits(limits=threads, user_api="blas")

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._limits is not None:
                self._limits.restore_original_limits()
                self._limits = None


_share = _Share()


def lane_count() -> int:
    """Return how many lanes this machine has, at least 1."""
    return min(processors(), MOST)


@contextlib.contextmanager
def open_lanes() -> Iterator[ThreadPoolExecutor]:
    """Give a pool of :func:`lane_count` threads, among which products of NumPy and SciPy share the processors.

    The share holds for the whole process; of several users at once the last one to finish restores what was before.
    """
    _share.begin(max(processors() // lane_count(), 1))
    try:
        with ThreadPoolExecutor(lane_count(), thread_name_prefix="lane") as pool:
            yield pool
    finally:
        _share.end()
