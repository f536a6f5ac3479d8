"""MacroStd, its null and its debiased variance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.counts import code, count_cells
from audit.errors import InputError
from audit.resampling import permute_correct
from audit.significance import adjust_p_values, fisher_exact, permutation_p_value
from audit.subgroups.macro_std import (
    class_stds,
    class_variances,
    debiased_variances,
    expected_variances,
    macro_std,
)


@pytest.fixture(scope="module")
def cifar(request):
    folder = request.config.rootpath.parent / "shared" / "data" / "cifar10_b"
    if not folder.is_dir():
        pytest.skip("the optional real data beside the project is absent")
    table = pd.read_csv(folder / "samples.csv")
    return count_cells(
        (table["label"] == table["prediction"]).to_numpy(), code(table["label"]), code(table["background"])
    )


def test_cifar10_b_gives_the_known_values(cifar):
    assert float(macro_std(cifar.correct, cifar.n)) == pytest.approx(0.025672, abs=5e-7)
    assert float(macro_std(cifar.correct, cifar.n, "nist")) == pytest.approx(0.027538, abs=1e-6)
    assert float(debiased_variances(cifar.correct, cifar.n).mean()) == pytest.approx(0.000171, abs=1e-6)
    assert cifar.correct.sum() / cifar.n.sum() == pytest.approx(0.9294)


def test_cifar10_b_accuracies_by_background_are_the_known_ones(cifar):
    known = {"green": 0.9322, "grey": 0.9077, "blue": 0.9469, "white": 0.9453}
    known |= {"black": 0.8678, "brown": 0.9305, "red": 0.8810, "mixed": 0.8967}
    found = dict(zip(cifar.subgroups, cifar.correct.sum(axis=0) / cifar.n.sum(axis=0), strict=True))
    assert found == pytest.approx(known, abs=5e-5)


def test_cifar10_b_exceeds_its_permutation_null_as_known(cifar):
    null = permute_correct(cifar.correct, cifar.n, lambda k: macro_std(k, cifar.n), draws=2000, seed=0)
    assert null.mean() == pytest.approx(0.0195, abs=2e-4)
    assert np.quantile(null, 0.95) == pytest.approx(0.0226, abs=3e-4)
    assert permutation_p_value(macro_std(cifar.correct, cifar.n), null) <= 0.005


def test_cifar10_b_has_three_cells_that_differ_after_correction(cifar):
    k, n = cifar.correct, cifar.n
    p = fisher_exact(k, n, k.sum(axis=1, keepdims=True) - k, n.sum(axis=1, keepdims=True) - n)
    assert np.isfinite(p).sum() == 77
    assert (p < 0.05).sum() == 7
    rows, columns = np.nonzero(adjust_p_values(p) < 0.05)
    cells = {
        (cifar.classes[c], cifar.subgroups[g], bool(k[c, g] / n[c, g] > k[c].sum() / n[c].sum()))
        for c, g in zip(rows, columns, strict=True)
    }
    assert cells == {("airplane", "blue", True), ("airplane", "green", False), ("horse", "black", False)}


def test_constant_accuracies_give_zero():
    n = np.array([[4, 8, 40], [10, 20, 2]])
    assert float(macro_std(n / 2, n)) == 0


counts = st.lists(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=3), min_size=2, max_size=4
)


@settings(max_examples=100, deadline=None)
@given(counts, st.permutations(range(3)))
def test_renaming_subgroups_changes_nothing(table, order):
    pairs = np.array(table)
    k, n = pairs[..., 0], pairs[..., 0] + pairs[..., 1]
    for score in (macro_std, debiased_variances, lambda a, b: macro_std(a, b, "nist")):
        np.testing.assert_allclose(score(k, n), score(k[:, order], n[:, order]), atol=1e-12)


def test_splitting_a_subgroup_at_random_leaves_the_debiased_variance_unchanged_in_expectation():
    generator = np.random.default_rng(0)
    k, n = np.array([[30, 45, 12]]), np.array([[50, 50, 20]])
    whole = debiased_variances(k, n)[0]
    split = []
    for _ in range(4000):
        part = generator.integers(2, 49)
        correct = generator.hypergeometric(30, 20, part)
        split.append(
            debiased_variances(np.array([[correct, 30 - correct, 45, 12]]), np.array([[part, 50 - part, 50, 20]]))[0]
        )
    assert np.mean(split) == pytest.approx(whole, abs=4 * np.std(split) / np.sqrt(4000))
    assert class_variances(k, n)[0] > whole


def test_the_debiased_variance_is_unbiased():
    generator = np.random.default_rng(1)
    truth, n = np.array([0.6, 0.7, 0.9]), np.array([8, 15, 40])
    weight = n / n.sum()
    variance = (weight * (truth - weight @ truth) ** 2).sum()
    k = generator.binomial(n, truth, size=(40_000, 3))
    found = debiased_variances(k[:, None, :], np.broadcast_to(n, (40_000, 1, 3)))[:, 0]
    assert found.mean() == pytest.approx(variance, abs=4 * found.std() / 200)


def test_cells_of_one_sample_leave_no_variance_when_nothing_differs():
    n = np.ones((1, 40), dtype=int)
    k = np.zeros((1, 40), dtype=int)
    k[0, :30] = 1
    assert debiased_variances(k, n)[0] == pytest.approx(0, abs=1e-12)


def test_equal_accuracies_in_cifar100_sized_cells_still_give_a_large_macro_std():
    """A hundred samples a class over eight subgroups, true accuracy .75 everywhere: about .1 by chance alone."""
    generator = np.random.default_rng(2)
    share = np.array([0.3, 0.2, 0.2, 0.1, 0.07, 0.06, 0.05, 0.02])
    n = np.stack([generator.multinomial(100, share) for _ in range(100)])
    drawn = generator.binomial(n, 0.75, size=(200, 100, 8))
    assert macro_std(drawn, n).mean() == pytest.approx(0.104, abs=0.015)


def test_the_null_of_a_class_variance_is_its_formula():
    generator = np.random.default_rng(3)
    n = np.array([[30, 60, 10]])
    drawn = class_variances(generator.binomial(n, 0.8, size=(40_000, 1, 3)), n)
    assert drawn.mean() == pytest.approx(float(expected_variances(n * 0.8, n)[0]), rel=0.03)


def test_the_permutation_p_is_uniform_under_the_null():
    generator = np.random.default_rng(4)
    n = np.array([[25, 40, 60], [30, 30, 15]])
    p = []
    for seed in range(300):
        k = generator.binomial(n, 0.7)
        null = permute_correct(k, n, lambda drawn: macro_std(drawn, n), draws=199, seed=seed)
        p.append(float(permutation_p_value(macro_std(k, n), null)))
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.035)
    assert np.mean(p) == pytest.approx(0.5, abs=0.06)


def test_a_class_in_one_subgroup_is_even_by_population_and_undefined_by_nist():
    k, n = np.array([[3, 0], [5, 2]]), np.array([[4, 0], [6, 6]])
    assert class_stds(k, n)[0] == 0
    assert np.isnan(class_stds(k, n, "nist")[0])
    assert float(macro_std(k, n, "nist")) == pytest.approx(float(class_stds(k, n, "nist")[1]))


def test_an_absent_class_drops_out():
    k, n = np.array([[0, 0], [5, 2]]), np.array([[0, 0], [6, 6]])
    assert np.isnan(class_stds(k, n)[0])
    assert float(macro_std(k, n)) == class_stds(k, n)[1]


def test_an_unknown_factor_is_refused():
    with pytest.raises(InputError, match="'population' or 'nist'; got 'sample'"):
        class_stds(np.ones((1, 1)), np.ones((1, 1)), "sample")
