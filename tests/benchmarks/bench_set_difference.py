"""Rank 1,000 hypotheses on 5,000 + 5,000 images against a loop of scikit-learn and scipy, in one run.

    OMP_NUM_THREADS=2 python tests/benchmarks/bench_set_difference.py

The loop gives an AUROC and a p-value a hypothesis and no interval; the one pass gives AUROC, interval and p-value.
Both begin with the vectors, so both multiply. Scores are rounded in a second round, so that there are many ties.
"""

from __future__ import annotations

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


def loop(phrases: np.ndarray, images: np.ndarray, first: np.ndarray, decimals: int | None) -> np.ndarray:
    found = []
    for phrase in phrases:
        scores = images @ phrase
        scores = scores if decimals is None else scores.round(decimals)
        found.append(roc_auc_score(first, scores))
        ttest_ind(scores[first], scores[~first], alternative="greater")
    return np.asarray(found)


def one_pass(phrases: np.ndarray, images: np.ndarray, first: np.ndarray, decimals: int | None) -> np.ndarray:
    scores = phrases @ images.T
    return auroc(scores if decimals is None else scores.round(decimals), first).value


def measure(dtype: type, decimals: int | None) -> tuple[float, float, float]:
    phrases, images = (part.astype(dtype) for part in vectors(WIDTH))
    first = np.arange(IMAGES) < IMAGES // 2
    started = time.perf_counter()
    loop(phrases, images, first, decimals)
    slow = time.perf_counter() - started
    fast = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        one_pass(phrases, images, first, decimals)
        fast.append(time.perf_counter() - started)
    # The same scores for both: a product of matrices and one of vectors differ in their last bits.
    scores = phrases[:50] @ images.T
    scores = scores if decimals is None else scores.round(decimals)
    expected = np.asarray([roc_auc_score(first, row) for row in scores])
    return slow, float(np.median(fast)), float(np.abs(auroc(scores, first).value - expected).max())


def main() -> None:
    print(f"{HYPOTHESES:,} hypotheses, {IMAGES:,} images, width {WIDTH}")
    for dtype in (np.float32, np.float64):
        for decimals in (None, 3):
            slow, fast, apart = measure(dtype, decimals)
            ties = "ties" if decimals else "no ties"
            print(
                f"{dtype.__name__:8} {ties:8} loop {slow:6.2f} s  one pass {fast:5.2f} s  ratio {slow / fast:5.1f} "
                f"(wanted {WANTED:g})  largest difference {apart:.1e}"
            )


if __name__ == "__main__":
    main()
