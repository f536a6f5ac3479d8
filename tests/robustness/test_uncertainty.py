import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.errors import InputError
from audit.robustness.design import all_rows
from audit.robustness.index import count_types, neighbor_types, robustness_index
from audit.robustness.search import find_neighbors
from audit.robustness.uncertainty import (
    by_group,
    count_draws,
    evidence,
    group_deviations,
    index_draws,
    interval_of,
    margin_draws,
    patch_draws,
    rank_probabilities,
    ratio_draws,
    share_interval,
    strata,
)
from tests.planted import make, mixed


@pytest.fixture(scope="module")
def planted():
    vectors, label, center, slide = mixed()
    design = all_rows(label, center, slide)
    near = find_neighbors(vectors, design, k=17)
    types = neighbor_types(near.index, design.rows, design)
    return design, types, evidence(types, near.index, design.rows, len(label), 11)


def test_evidence_sums_to_the_counts(planted):
    _, types, part = planted
    assert part.totals == pytest.approx(count_types(types, (11,))[0])


def test_known_spread_of_patch_and_slide_bootstrap(planted):
    design, _, part = planted
    assert patch_draws(part, draws=4000, seed=0).std() == pytest.approx(0.0100, abs=0.0006)
    queries = by_group(part.query, design.group)
    drawn = np.random.default_rng(0).multinomial(len(queries), np.full(len(queries), 1 / len(queries)), 4000) @ queries
    assert robustness_index(drawn).std() == pytest.approx(0.0174, abs=0.0008)


def test_the_interval_counts_groups_as_queries_and_as_neighbours(planted):
    design, _, part = planted
    both = index_draws([part], design.group, strata(design), draws=2000, seed=0)[:, 0]
    assert both.std() > 2 * patch_draws(part, draws=2000, seed=0).std()
    assert both.mean() == pytest.approx(float(robustness_index(part.totals)), abs=0.003)


def test_the_interval_covers_the_truth_of_planted_sets():
    draw = np.random.default_rng(0)
    classes, centers = draw.standard_normal((3, 24)) * 0.5, draw.standard_normal((3, 24)) * 0.5
    label, center = np.divmod(np.repeat(np.arange(9), 6 * 6), 3)
    slide = np.arange(9 * 6 * 6) // 6
    values, intervals = [], []
    for _ in range(60):
        rows = classes[label] + centers[center] + 0.4 * draw.standard_normal((54, 24))[slide]
        rows += draw.standard_normal(rows.shape)
        design = all_rows(label, center, slide)
        near = find_neighbors(rows, design, k=13, m=0)
        part = evidence(neighbor_types(near.index, design.rows, design), near.index, design.rows, len(rows), 9)
        values.append(float(robustness_index(part.totals)))
        intervals.append(interval_of(index_draws([part], design.group, strata(design), draws=300, seed=0)[:, 0]))
    truth = np.mean(values)
    covered = np.mean([interval.low <= truth <= interval.high for interval in intervals])
    assert covered >= 0.87  # 95 % less three standard errors of 60 sets


def test_equal_seeds_give_equal_draws_whatever_else_is_drawn(planted):
    design, _, part = planted
    alone = index_draws([part], design.group, strata(design), draws=300, seed=4)
    among = index_draws([part, part], design.group, strata(design), draws=300, seed=4)
    # The last bits are those of a matrix product, and differ with its width on some processors.
    assert among[:, 1] == pytest.approx(alone[:, 0], rel=1e-12)


def test_counts_are_never_negative(planted):
    design, _, part = planted
    assert count_draws([part], design.group, strata(design), draws=500, seed=0).min() >= 0


def test_strata_are_the_groups_of_a_class_and_center():
    _, label, center, slide = make(0, 2, 3, 4, 2, 4)
    assert np.bincount(strata(all_rows(label, center, slide))).tolist() == [4] * 6


def test_single_groups_are_drawn_with_others():
    _, label, center, slide = make(0, 2, 2, 1, 3, 4)
    assert np.bincount(strata(all_rows(label, center, slide))).tolist() == [4]
    _, label, center, slide = make(0, 2, 2, 2, 3, 4)
    slide = np.where(slide == 1, 0, slide)
    assert np.bincount(strata(all_rows(label, center, slide))).min() >= 2


def test_deviations_have_the_variance_of_independent_groups():
    found = np.concatenate(list(group_deviations(np.array([0, 0, 0, 1, 1]), 20_000, 0)))
    assert found.mean(axis=0) == pytest.approx(0, abs=0.05)
    # Sum over a stratum of independent unit influences z_g less their mean: variance s/(s-1) sum z².
    influence = np.array([1.0, -1.0, 0.0, 2.0, -2.0])
    assert (found @ influence).var() == pytest.approx(3 / 2 * 2 + 2 * 8, rel=0.05)


def test_no_draws_are_refused():
    with pytest.raises(InputError, match="`draws` must be at least 1"):
        next(group_deviations(np.zeros(3, dtype=int), 0, 0))


def test_margin_draws_surround_the_observed_values():
    draw = np.random.default_rng(1)
    values, group = draw.normal(0.1, 0.2, 400), np.arange(400) // 10
    found = margin_draws(values, group, np.zeros(40, dtype=int), draws=600, seed=0)
    assert found.median.mean() == pytest.approx(np.median(values), abs=0.02)
    assert found.fragile.mean() == pytest.approx((values <= 0).mean(), abs=0.02)
    assert found.tail.mean() == pytest.approx(np.sort(values)[:40].mean(), abs=0.02)


def test_ratio_draws_of_a_constant_ratio_do_not_vary():
    n = np.arange(1.0, 21)
    found = ratio_draws(2 * n, n, np.arange(20) // 2, np.zeros(10, dtype=int), draws=200, seed=0)
    assert found == pytest.approx(2)


def test_ranks_are_counted_and_ties_shared():
    draws = np.array([[0.9, 0.1, 0.5], [0.2, 0.1, 0.3], [0.5, 0.5, 0.1]])
    found = rank_probabilities(draws)
    assert found.sum(axis=0) == pytest.approx(1)
    assert found.sum(axis=1) == pytest.approx(1)
    assert found[0, 0] == pytest.approx((1 + 0 + 0.5) / 3)


def test_an_index_of_0_or_1_has_an_interval_of_some_width():
    draws = np.stack([np.zeros(400), np.ones(400), np.linspace(0, 1, 400), np.full(400, np.nan)], axis=1)
    draws[:3, 0] = np.nan
    interval = share_interval(draws, np.array([48, 48, 48, 48]))
    edge = proportion_confint(0, 48, method="wilson")[1]
    assert interval.low[:2] == pytest.approx([0, 1 - edge])
    assert interval.high[:2] == pytest.approx([edge, 1])
    usual = interval_of(draws[:, 2])
    assert (interval.low[2], interval.high[2]) == pytest.approx((float(usual.low), float(usual.high)))
    assert np.isnan([interval.low[3], interval.high[3]]).all()


def test_what_a_handful_of_groups_brings_has_wilsons_upper_end():
    random = np.random.default_rng(0)
    rare = random.poisson(1.5, 4000) * 0.0003
    interval = share_interval(
        np.stack([rare, 1 - rare, random.normal(0.3, 0.05, 4000)], axis=1), np.array([24, 24, 24])
    )
    edge = proportion_confint(0, 24, method="wilson")[1]
    assert interval.high[0] == pytest.approx(edge)
    assert interval.low[1] == pytest.approx(1 - edge)
    assert 0.35 < interval.high[2] < 0.45
