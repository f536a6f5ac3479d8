"""How often intervals of the robustness index cover the truth of planted sets, and what the usual ones would.

    OMP_NUM_THREADS=2 python tests/benchmarks/bench_robustness_coverage.py

The truth is the mean index of sets with the same class and center directions and new slides and patches. Compared:
groups drawn as queries and as neighbours (ours), groups drawn as queries with neighbours held fixed, single patches.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from audit.robustness.design import all_rows
from audit.robustness.index import neighbor_types, robustness_index
from audit.robustness.search import find_neighbors
from audit.robustness.uncertainty import (
    by_group,
    evidence,
    group_deviations,
    index_draws,
    patch_draws,
    strata,
)

WORLDS = {
    "4 x 4, 3 slides of 20": (4, 4, 3, 20, 0.35, 0.35, 0.2, 11),
    "4 x 4, 6 slides of 10": (4, 4, 6, 10, 0.35, 0.35, 0.2, 11),
    "6 x 3, 8 slides of 8": (6, 3, 8, 8, 0.5, 0.3, 0.5, 21),
    "2 x 5, 5 slides of 10": (2, 5, 5, 10, 0.3, 0.5, 0.3, 11),
    "3 x 3, 20 slides of 4": (3, 3, 20, 4, 0.35, 0.35, 0.4, 21),
}


def intervals(rows, label, center, slide, k, draws):
    design = all_rows(label, center, slide)
    found = find_neighbors(rows, design, k=k + k // 2, m=0)
    types = neighbor_types(found.index, design.rows, design)
    part = evidence(types, found.index, design.rows, len(rows), k)
    value = float(robustness_index(part.totals))
    groups = strata(design)
    both = index_draws([part], design.group, groups, draws=draws, seed=0)[:, 0]
    whole = by_group(part.query, design.group)
    weights = np.concatenate(list(group_deviations(np.zeros(len(whole), dtype=np.int64), draws, 0)))
    queries = robustness_index(np.maximum(part.totals + weights @ whole, 0))
    patches = patch_draws(part, draws=draws, seed=0)
    return value, [np.quantile(sampled, [0.025, 0.975]) for sampled in (both, queries, patches)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--draws", type=int, default=500)
    given = parser.parse_args()
    draw = np.random.default_rng(7)
    every = []
    for name, (classes, centers, slides, patches, by_class, by_center, by_slide, k) in WORLDS.items():
        of_class, of_center = (draw.standard_normal((n, 64)) for n in (classes, centers))
        cell = np.repeat(np.arange(classes * centers), slides * patches)
        label, center = np.divmod(cell, centers)
        slide = np.arange(len(cell)) // patches
        values, found = [], []
        for _ in range(given.sets):
            rows = by_class * of_class[label] + by_center * of_center[center] + draw.standard_normal((len(cell), 64))
            rows += by_slide * draw.standard_normal((slide[-1] + 1, 64))[slide]
            value, three = intervals(rows, label, center, slide, k, given.draws)
            values.append(value)
            found.append(three)
        truth = np.mean(values)
        limits = np.array(found)
        covered = ((limits[:, :, 0] <= truth) & (truth <= limits[:, :, 1])).mean(axis=0)
        every.append(covered)
        print(
            f"{name:24s} truth {truth:.3f}  covered: ours {covered[0]:.1%}, queries only {covered[1]:.1%}, "
            f"patches {covered[2]:.1%}",
            flush=True,
        )
    mean = np.mean(every, axis=0)
    print(f"{'all':24s} ours {mean[0]:.1%}, queries only {mean[1]:.1%}, patches {mean[2]:.1%}")


if __name__ == "__main__":
    main()
