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

MOST = 8
"""Lanes at most: each takes memory, and beyond a few a lane's own products are as quick on several processors."""


class _Share:
    """How many threads a product of NumPy and SciPy may take, as long as any lanes are open.

    threadpoolctl lets the first thread that sets a limit keep the say as long as it lives. So the limit is set and
    lifted by a thread that lives as long as the lanes; where another thread has the say, the limit is its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._done = threading.Event()
        self._keeper: threading.Thread | None = None

    def begin(self, threads: int) -> None:
        with self._lock:
            self._users += 1
            if self._keeper is None:
                ready, self._done = threading.Event(), threading.Event()
                self._keeper = threading.Thread(target=_keep, args=(threads, ready, self._done), daemon=True)
                self._keeper.start()
                ready.wait()

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._keeper is not None:
                self._done.set()
                self._keeper.join()
                self._keeper = None


def _keep(threads: int, ready: threading.Event, done: threading.Event) -> None:
    try:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=threads, user_api="blas"):
            ready.set()
            done.wait()
    finally:
        ready.set()


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
