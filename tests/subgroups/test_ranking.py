"""AUROC, AUPRC and prevalence."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from audit.errors import InputError
from audit.subgroups.ranking import auroc, average_precision, disagreeing_pairs, ranking_by_subgroup


def _scores(n=300, seed=0, digits=1):
    generator = np.random.default_rng(seed)
    positive = generator.random(n) < 0.3
    return np.round(generator.normal(positive, 1.0), digits), positive


@pytest.mark.parametrize("digits", [0, 1, 8])
def test_areas_equal_sklearn_with_ties(digits):
    score, positive = _scores(digits=digits)
    assert auroc(score, positive) == pytest.approx(roc_auc_score(positive, score))
    assert average_precision(score, positive) == pytest.approx(average_precision_score(positive, score))


def test_areas_obey_the_identities_of_mcdermott_et_al():
    """AUROC = 1 - E[FPR], AUPRC = 1 - P(y=0) E[FPR / P(score >= p+)], over the scores of the positives."""
    score, positive = _scores(n=2000, digits=12)
    above = score[None, :] >= score[positive][:, None]
    fpr, share = above[:, ~positive].mean(axis=1), above.mean(axis=1)
    assert auroc(score, positive) == pytest.approx(1 - fpr.mean())
    assert average_precision(score, positive) == pytest.approx(1 - (~positive).mean() * (fpr / share).mean())


def test_a_subgroup_of_one_class_has_no_auroc():
    score, positive = np.array([0.1, 0.9, 0.8]), np.array([True, True, True])
    assert np.isnan(auroc(score, positive))
    assert np.isnan(average_precision(score, ~positive))


def test_the_auroc_interval_covers_about_95_percent():
    generator = np.random.default_rng(1)
    truth = 0.7602  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt 2)
    covered = 0
    for _ in range(300):
        positive = generator.random(150) < 0.4
        found = ranking_by_subgroup(generator.normal(positive, 1.0), positive, np.zeros(150, dtype=int), 1)
        covered += found.auroc_interval.low[0] <= truth <= found.auroc_interval.high[0]
    assert 0.91 < covered / 300 < 0.985


def test_repeating_each_row_within_a_group_id_narrows_nothing():
    score, positive = _scores(n=120)
    once = ranking_by_subgroup(score, positive, np.zeros(120, dtype=int), 1)
    many = ranking_by_subgroup(
        np.repeat(score, 5),
        np.repeat(positive, 5),
        np.zeros(600, dtype=int),
        1,
        group_id=np.repeat(np.arange(120), 5),
    )
    assert many.auroc_interval.low[0] == pytest.approx(once.auroc_interval.low[0])
    assert many.auprc_interval.high[0] == pytest.approx(once.auprc_interval.high[0])


def test_a_perfect_ranking_of_few_samples_is_not_certain():
    found = ranking_by_subgroup(np.arange(6.0), np.arange(6) > 2, np.zeros(6, dtype=int), 1)
    assert found.auroc[0] == found.auroc_interval.high[0] == 1
    assert found.auroc_interval.low[0] < 0.6


def test_prevalence_alone_makes_auprc_and_auroc_disagree():
    generator = np.random.default_rng(2)
    rare, common = generator.random(4000) < 0.02, generator.random(4000) < 0.5
    score = np.concatenate([generator.normal(1.4 * rare, 1), generator.normal(1.0 * common, 1)])
    found = ranking_by_subgroup(score, np.concatenate([rare, common]), np.repeat([0, 1], 4000), 2)
    assert disagreeing_pairs(found.auroc, found.auprc) == [(1, 0)]


def test_undefined_subgroups_disagree_with_none():
    assert disagreeing_pairs(np.array([np.nan, 0.5]), np.array([0.2, 0.1])) == []


def test_a_score_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="`score` must be finite"):
        ranking_by_subgroup(np.array([np.nan, 1.0]), np.array([True, False]), np.zeros(2, dtype=int), 1)
