"""Rank 1,000 hypotheses on 5,000 + 5,000 images against a loop of scikit-learn and scipy, in one run.

    OMP_NUM_THREADS=2 python tests/benchmarks/bench_set_difference.py [float32] [float64]

The loop gives an AUROC and a p-value a hypothesis and no interval; the one pass gives AUROC, interval and p-value.
The product of phrases and images is counted for the one pass alone. Scores are rounded in a second round, so that there
are many ties.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from scipy.stats import ttest_ind
from sklearn.metrics import roc_auc_score

from audit.differences.auroc import auroc
from audit.outputs import unit_rows

HYPOTHESES, IMAGES, WIDTH = 1_000, 10_000, 512
REPEATS = 3
WANTED = 8.0


def vectors(width: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    return (
        unit_rows(draw.normal(size=(HYPOTHESES, width))),
        unit_rows(draw.normal(size=(IMAGES, width))),
    )


def loop(scores: np.ndarray, first: np.ndarray) -> np.ndarray:
    found = []
    for row in scores:
        found.append(roc_auc_score(first, row))
        ttest_ind(row[first], row[~first], alternative="greater")
    return np.asarray(found)


def multiply(phrases: np.ndarray, images: np.ndarray, decimals: int | None) -> np.ndarray:
    scores = phrases @ images.T
    return scores if decimals is None else scores.round(decimals)


def measure(dtype: type, decimals: int | None) -> tuple[float, float, float]:
    phrases, images = (part.astype(dtype) for part in vectors(WIDTH))
    first = np.arange(IMAGES) < IMAGES // 2
    scores = multiply(phrases, images, decimals)
    started = time.perf_counter()
    expected = loop(scores, first)
    slow = time.perf_counter() - started
    fast = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        multiply(phrases, images, None)
        value = auroc(scores, first).value
        fast.append(time.perf_counter() - started)
    return slow, float(np.median(fast)), float(np.abs(value - expected).max())


def main() -> None:
    print(f"{HYPOTHESES:,} hypotheses, {IMAGES:,} images, width {WIDTH}")
    chosen = [np.dtype(name).type for name in sys.argv[1:]] or [np.float32, np.float64]
    for dtype in chosen:
        for decimals in (None, 3):
            slow, fast, apart = measure(dtype, decimals)
            ties = "ties" if decimals else "no ties"
            print(
                f"{dtype.__name__:8} {ties:8} loop {slow:6.2f} s  one pass {fast:5.2f} s  ratio {slow / fast:5.1f} "
                f"(wanted {WANTED:g})  largest difference {apart:.1e}"
            )


if __name__ == "__main__":
    main()
