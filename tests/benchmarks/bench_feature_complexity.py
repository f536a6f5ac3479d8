"""Held-out decoding of many features from many layers: shared eigendecompositions against scikit-learn's RidgeCV.

    OMP_NUM_THREADS=2 python tests/benchmarks/bench_feature_complexity.py            (the full size, some minutes)
    OMP_NUM_THREADS=2 python tests/benchmarks/bench_feature_complexity.py --small    (a tenth of the features, layers)

Prints, from one run: the time of all layers, that of one Gram matrix with its eigendecomposition a layer and fold, that
of the eigendecomposition alone, that of RidgeCV (all features at once, in a loop over layers and folds, on as many
layers as are asked for, scaled up), the ratios, and the growth of memory with two layers and with all.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator

import numpy as np
from scipy import linalg
from sklearn.linear_model import RidgeCV

from audit.complexity.decoding import PENALTIES, decode, fold_codes


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def layer(place: int, n: int, d: int) -> np.ndarray:
    return np.random.default_rng(place).standard_normal((n, d), dtype=np.float32)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--ridge-layers", type=int, default=1)
    arguments = parser.parse_args()
    n, d, m, layers, folds = (10_000, 512, 1000, 12, 3) if not arguments.small else (4_000, 256, 300, 4, 3)
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n, m), dtype=np.float32)
    fold = fold_codes(n, folds=folds, repeats=1, seed=0)

    def produce(count: int) -> Iterator[np.ndarray]:
        for place in range(count):
            yield layer(place, n, d)

    def grown() -> float:
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

    making = timed(lambda: [layer(place, n, d) for place in range(1)]) * layers
    decode([layer(0, 600, 32)], features[:600, :4], fold_codes(600, folds=3, repeats=1, seed=0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    decode(produce(2), features, fold)
    few = grown()
    ours = timed(lambda: decode(produce(layers), features, fold)) - making
    many = grown()

    parts = [np.flatnonzero(fold[0] != k) for k in range(folds)]
    x = layer(0, n, d)
    grams = [x[rows].T.astype(np.float64) @ x[rows] for rows in parts]
    eigh = timed(lambda: [linalg.eigh(gram, driver="evd") for gram in grams]) * layers
    both = timed(lambda: [linalg.eigh(x[rows].T @ x[rows], driver="evd") for rows in parts]) * layers
    svd = timed(lambda: [linalg.svd(x[rows], full_matrices=False) for rows in parts[:1]]) * layers
    penalties = np.asarray(PENALTIES) * float(np.mean(np.diag(grams[0])))

    def ridge() -> None:
        for place in range(arguments.ridge_layers):
            values = layer(place, n, d)
            for k, rows in enumerate(parts):
                model = RidgeCV(alphas=penalties, alpha_per_target=True).fit(values[rows], features[rows])
                model.predict(values[fold[0] == k])

    theirs = timed(ridge) * layers / arguments.ridge_layers
    print(f"{m:,} features, {layers} layers, {n:,} samples, {d} dimensions, {len(PENALTIES)} penalties, {folds} folds")
    print(f"decode                          {ours:8.2f} s")
    print(f"eigh a layer and fold           {eigh:8.2f} s   ratio {ours / eigh:5.2f}")
    print(f"Gram + eigh a layer and fold    {both:8.2f} s   ratio {ours / both:5.2f}")
    print(f"one SVD a layer                 {svd:8.2f} s   ratio {ours / svd:5.2f}")
    print(f"RidgeCV in a loop               {theirs:8.2f} s   ratio {theirs / ours:5.1f}")
    print(
        f"memory grown by {few:,.0f} MiB with 2 layers, {many:,.0f} MiB with {layers}; "
        f"one layer {n * d * 4 / 2**20:,.0f} MiB, features {n * m * 4 / 2**20:,.0f} MiB"
    )


if __name__ == "__main__":
    main()
