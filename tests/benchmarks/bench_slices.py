"""Speed of the slice search against the `sliceline` package in the same run, with the same top slice.

    OMP_NUM_THREADS=2 python tests/benchmarks/bench_slices.py                  # 10,000 rows x 8 columns
    OMP_NUM_THREADS=2 python tests/benchmarks/bench_slices.py --full           # 100,000 rows x 10 columns, 15 GB

Bar: at least 50 times `sliceline` on the full size. Ours is always timed on the full size as well.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import pandas as pd

from audit.counts import Coded
from audit.subgroups.slices import search_slices


def planted(rows: int, columns: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return values (rows, columns) and errors with one bad crossing of three columns."""
    generator = np.random.default_rng(0)
    values = generator.integers(0, levels, (rows, columns))
    bad = (values[:, 0] == 1) & (values[:, 2] == 0) & (values[:, 3] == 2)
    return values, (generator.random(rows) < np.where(bad, 0.9, 0.05)).astype(float)


def ours(values: np.ndarray, errors: np.ndarray, n_min: int, alpha: float) -> tuple[float, dict[int, int], float]:
    """Return seconds, the top slice and its score."""
    columns = [Coded(column, tuple(map(str, range(int(column.max()) + 1)))) for column in values.T.copy()]
    start = time.perf_counter()
    found = search_slices(errors, columns, alpha=alpha, depth=3, n_min=n_min, k=10)
    return time.perf_counter() - start, dict(found[0].conditions), found[0].score


def theirs(values: np.ndarray, errors: np.ndarray, n_min: int, alpha: float) -> tuple[float, dict[int, int]]:
    """Return seconds and the top slice of the package."""
    from sliceline.slicefinder import Slicefinder

    frame = pd.DataFrame(values, columns=[str(place) for place in range(values.shape[1])])
    finder = Slicefinder(alpha=alpha, k=10, max_l=3, min_sup=n_min, verbose=False)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        finder.fit(frame, errors)
    seconds = time.perf_counter() - start
    top = finder.top_slices_[0]
    return seconds, {place: int(value) for place, value in enumerate(top) if value is not None}


def main() -> None:
    """Print both times, their ratio, and whether the top slice is the same."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="let the package run on the full size too (15 GB)")
    parser.add_argument("--levels", type=int, default=4)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=8)
    arguments = parser.parse_args()
    sizes = [(arguments.rows, arguments.columns, True), (100_000, 10, arguments.full)]
    for rows, columns, both in sizes:
        values, errors = planted(rows, columns, arguments.levels)
        alpha, n_min = 0.95, max(10, rows // 100)
        seconds, top, score = ours(values, errors, n_min, alpha)
        print(f"{rows:,} rows x {columns} columns, depth 3: {seconds:.3f} s, top slice {top}, score {score:.4f}")
        if both:
            their_seconds, their_top = theirs(values, errors, n_min, alpha)
            same = "the same" if their_top == top else f"NOT THE SAME: {their_top}"
            print(f"  sliceline {their_seconds:.1f} s: {their_seconds / seconds:,.0f} times (bar 50), top slice {same}")


if __name__ == "__main__":
    main()
