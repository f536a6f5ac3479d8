"""Every index against the library croma, on fresh seeds."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest

from audit.robustness.design import all_rows, paired
from audit.robustness.index import accuracy_curve, choose_k, count_types, neighbor_types, robustness_index
from audit.robustness.margins import fragile_share, lower_tail_mean, margin_aware_index, margins, median_margin
from audit.robustness.performance_drop import average_performance_drop, integrated_degradation
from audit.robustness.search import find_neighbors
from tests.planted import make

croma = pytest.importorskip("croma", reason="the library croma is not installed")

KS = (1, 3, 5, 7, 9, 11, 21, 31)


def manifest(label, center, slide, subset=None):
    table = pd.DataFrame(
        {"sample_id": range(len(label)), "image_path": "x", "label": label, "group_id": slide, "site": center}
    )
    if subset is not None:
        table["subset"] = subset
    return table.astype("str")


def ours(vectors, design, k=None):
    near = find_neighbors(vectors, design, k=KS[-1])
    types = neighbor_types(near.index, design.rows, design)
    chosen = k or choose_k(KS, accuracy_curve(near.index, design, design.label, KS))
    values = margins(near.so_distance, near.os_distance)
    curve = dict(zip(KS, robustness_index(count_types(types, KS)).tolist(), strict=True))
    return {
        "k": chosen,
        "curve": curve,
        "mari": margin_aware_index(types, near.distance, chosen),
        "croma": median_margin(values, design.block),
        "ltm10": lower_tail_mean(values),
        "f0": fragile_share(values),
    }


def theirs(vectors, table, design):
    asked = {"confounder_column": "site", "evaluation_design": design}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        index = croma.RI.compute(vectors, table, k_candidates=list(KS), **asked)
        curve = croma.RI.compute_curve(vectors, table, k_values=list(KS), **asked)
        mari = croma.MaRI.compute(vectors, table, k_candidates=list(KS), **asked)
        margin = croma.CRoMa.compute(vectors, table, **asked)
    return {
        "k": index.k,
        "curve": curve,
        "mari": mari.value,
        "croma": margin.value,
        "ltm10": margin.ltm_alpha,
        "f0": margin.f0,
    }


def same(found, expected):
    assert found["k"] == expected["k"]
    for k in KS:
        assert found["curve"][k] == pytest.approx(expected["curve"][k], abs=1e-9)
    for name in ("mari", "croma", "ltm10", "f0"):
        assert found[name] == pytest.approx(expected[name], abs=1e-9), name


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_unpaired_indices_equal_cromas(seed):
    vectors, label, center, slide = make(seed, 3, 4, 4, 6, 24, 0.5, 0.4, 0.3)
    design = all_rows(label, center, slide)
    same(ours(vectors, design), theirs(vectors, manifest(label, center, slide), "all"))


@pytest.mark.parametrize("seed", [21, 22])
def test_paired_indices_equal_cromas(seed):
    vectors, label, center, slide = make(seed, 3, 3, 4, 5, 24, 0.5, 0.4, 0.3)
    rows, names = [], []
    for classes in itertools.combinations(range(3), 2):
        for sites in itertools.combinations(range(3), 2):
            chosen = np.flatnonzero(np.isin(label, classes) & np.isin(center, sites))
            rows.append(chosen)
            names += [f"{classes}{sites}"] * len(chosen)
    repeated = np.concatenate(rows)
    table = manifest(label[repeated], center[repeated], slide[repeated], names)
    design, notes = paired(all_rows(label, center, slide))
    assert notes == []
    same(ours(vectors, design), theirs(vectors[repeated], table, "paired_2x2"))


def test_drop_and_degradation_equal_cromas():
    accuracy = np.random.default_rng(0).uniform(0.6, 0.9, (5, 7))
    v = np.array([0, 0.2, 0.5, 0.7, 1.0])
    assert average_performance_drop(accuracy) == pytest.approx(croma.apd(accuracy), abs=1e-12)
    assert integrated_degradation(accuracy, v, 0.25) == pytest.approx(croma.nipd(accuracy, v, 0.25), abs=1e-12)
