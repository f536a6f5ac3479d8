"""Speed of the bootstraps on counts, against fairlearn's MetricFrame in the same run.

    OMP_NUM_THREADS=2 python tests/benchmarks/bench_subgroup_statistics.py

Bars: 1,000,000 rows x 200 groups x 2,000 draws under 5 s; 100,000 rows x 4 attributes with 2-way crossings and
1,000 draws at least 500 times fairlearn, whose time is extrapolated from --fairlearn-draws draws (its cost is linear
in them).
"""

from __future__ import annotations

import argparse
import itertools
import time
import warnings

import numpy as np
import pandas as pd

from audit.counts import code, count_cells, cross
from audit.resampling import bootstrap, percentile_interval, permute_correct, resampling_units
from audit.statistics import divide
from audit.subgroups.macro_std import macro_std


def many_rows(rows: int, groups: int, draws: int) -> float:
    """Time from text columns to bootstrap intervals and permutation null of group accuracies and MacroStd."""
    generator = np.random.default_rng(0)
    label = pd.Series(np.char.add("class ", generator.integers(0, 10, rows).astype(str)))
    prediction = label.where(pd.Series(generator.random(rows) < 0.9), "class 0")
    group = pd.Series(np.char.add("group ", generator.integers(0, groups, rows).astype(str)))
    start = time.perf_counter()
    labels, subgroups = code(label), code(group)
    right = (label == prediction).to_numpy()
    cells = count_cells(right, labels, subgroups)
    size = cells.n.size
    place = labels.codes * groups + subgroups.codes
    units = resampling_units([2 * place + right], 2 * size)

    def statistic(counts: np.ndarray) -> np.ndarray:
        split = counts.reshape(-1, *cells.n.shape, 2)
        n, k = split.sum(axis=-1), split[..., 1]
        return np.column_stack([macro_std(k, n), divide(k.sum(axis=1), n.sum(axis=1))])

    drawn = bootstrap(units, statistic, draws=draws, seed=0)
    percentile_interval(drawn)
    permute_correct(cells.correct, cells.n, lambda k: macro_std(k, cells.n), draws=draws, seed=0)
    seconds = time.perf_counter() - start
    print(f"{rows:,} rows x {groups} groups x {draws:,} draws, bootstrap and permutation: {seconds:.2f} s (bar 5 s)")
    return seconds


def crossings(rows: int, levels: int, draws: int, fairlearn_draws: int) -> float:
    """Ratio of fairlearn's time to ours for accuracies, difference and ratio of 4 attributes and 6 crossings."""
    from fairlearn.metrics import MetricFrame
    from sklearn.metrics import accuracy_score

    generator = np.random.default_rng(1)
    table = pd.DataFrame({f"a{i}": generator.integers(0, levels, rows).astype(str) for i in range(4)})
    label = generator.integers(0, 2, rows)
    prediction = np.where(generator.random(rows) < 0.9, label, 1 - label)
    sets = [(name,) for name in table] + list(itertools.combinations(table, 2))

    start = time.perf_counter()
    coded = {name: code(table[name]) for name in table}
    right = prediction == label
    groupings = [cross([coded[name] for name in names])[0] for names in sets]
    widths = [len(grouping.levels) for grouping in groupings]
    ends = np.cumsum(widths)
    ours = []
    for grouping, width in zip(groupings, widths, strict=True):
        units = resampling_units([2 * grouping.codes + right], 2 * width)

        def statistic(counts: np.ndarray, width: int = width) -> np.ndarray:
            pairs = counts.reshape(-1, width, 2)
            accuracy = divide(pairs[..., 1], pairs.sum(axis=-1))
            low, high = np.nanmin(accuracy, axis=1), np.nanmax(accuracy, axis=1)
            return np.column_stack([accuracy, high - low, low / high])

        drawn = bootstrap(units, statistic, draws=draws, seed=0)
        ours.append(percentile_interval(drawn))
    our_seconds = time.perf_counter() - start

    start = time.perf_counter()
    offsets = ends - widths
    columns = [2 * (grouping.codes + offset) + right for grouping, offset in zip(groupings, offsets, strict=True)]

    def accuracies(counts: np.ndarray) -> np.ndarray:
        pairs = counts.reshape(-1, int(ends[-1]), 2)
        return divide(pairs[..., 1], pairs.sum(axis=-1))

    percentile_interval(bootstrap(resampling_units(columns, 2 * int(ends[-1])), accuracies, draws=draws, seed=0))
    paired_seconds = time.perf_counter() - start

    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for names in sets:
            frame = MetricFrame(
                metrics=accuracy_score,
                y_true=label,
                y_pred=prediction,
                sensitive_features=table[list(names)],
                n_boot=fairlearn_draws,
                ci_quantiles=[0.025, 0.975],
                random_state=0,
            )
    their_seconds = (time.perf_counter() - start) * draws / fairlearn_draws
    counted = count_cells(right, code(np.zeros(rows, dtype=int)), groupings[-1])
    assert np.allclose(np.sort((counted.correct / counted.n)[0]), np.sort(frame.by_group.to_numpy()))
    print(f"  the same draws for all groupings (paired comparisons across attributes): {paired_seconds:.2f} s")
    print(
        f"{rows:,} rows x 4 attributes, 6 crossings ({ends[-1]} groups) x {draws:,} draws: {our_seconds:.2f} s, "
        f"fairlearn {their_seconds:,.0f} s (extrapolated from {fairlearn_draws} draws): "
        f"{their_seconds / our_seconds:,.0f} times (bar 500)"
    )
    return their_seconds / our_seconds


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fairlearn-draws", type=int, default=3)
    parser.add_argument("--levels", type=int, default=10)
    arguments = parser.parse_args()
    many_rows(1_000_000, 200, 2000)
    crossings(100_000, arguments.levels, 1000, arguments.fairlearn_draws)


if __name__ == "__main__":
    main()
