import numpy as np
import pytest
from scipy.optimize import nnls

from audit.complexity.dictionary import choose, fit_dictionary, hoyer, non_negative_codes, stability
from audit.errors import InputError


def mixed(n=300, d=20, k=4, *, signed=False, seed=0):
    rng = np.random.default_rng(seed)
    atoms = rng.standard_normal((k, d)) if signed else rng.random((k, d)) * (rng.random((k, d)) < 0.4)
    codes = rng.exponential(size=(n, k)) * (rng.random((n, k)) < 0.4)
    return codes @ atoms + (0.01 * rng.standard_normal((n, d)) if signed else 0.01 * rng.random((n, d))), atoms


def test_codes_are_the_non_negative_least_squares_of_scipy():
    rng = np.random.default_rng(0)
    atoms, rows = rng.standard_normal((6, 15)), rng.standard_normal((40, 15))
    expected = np.stack([nnls(atoms.T, row)[0] for row in rows])
    assert non_negative_codes(rows, atoms) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("signed", [False, True])
def test_planted_atoms_are_found(signed):
    rows, atoms = mixed(signed=signed)
    found = fit_dictionary(rows, 4)
    assert found.method == ("semi_nmf" if signed else "nmf")
    assert found.explained > 0.97
    unit = atoms / np.linalg.norm(atoms, axis=1, keepdims=True)
    assert stability(unit, [found.atoms]).mean() > (0.8 if signed else 0.97)


def test_the_sparse_autoencoder_finds_planted_atoms():
    rows, _ = mixed(signed=True)
    found = fit_dictionary(rows, 4, method="sae")
    assert found.method == "sae"
    assert found.explained > 0.7


def test_the_same_seed_gives_the_same_dictionary():
    rows, _ = mixed()
    assert np.array_equal(fit_dictionary(rows, 4, seed=3).atoms, fit_dictionary(rows, 4, seed=3).atoms)


def test_the_method_follows_the_sign_of_the_activations():
    assert choose(np.ones((2, 2)), "auto") == "nmf"
    assert choose(-np.ones((2, 2)), "auto") == "semi_nmf"
    assert choose(np.ones((2, 2)), "sae") == "sae"


def test_nmf_of_negative_activations_and_too_many_atoms_are_refused():
    with pytest.raises(InputError, match="`method` must be semi_nmf"):
        fit_dictionary(-np.ones((5, 3)), 2, method="nmf")
    with pytest.raises(InputError, match="`k` must lie between 1"):
        fit_dictionary(np.ones((5, 3)), 6)


def test_hoyer_is_one_for_one_entry_and_zero_for_equal_ones():
    assert hoyer(np.asarray([[0, 3.0, 0, 0], [2, 2, 2, 2]])) == pytest.approx([1, 0])
    assert np.isnan(hoyer(np.zeros((1, 4)))).all()


def test_stability_is_one_for_the_same_atoms_in_another_order_and_low_for_others():
    atoms = np.eye(5)
    assert stability(atoms, [atoms[::-1], atoms[[1, 0, 2, 3, 4]]]) == pytest.approx(1)
    assert stability(atoms[:2], [np.asarray([[1.0, 0, 0, 0, 0], [0, 0, 1, 0, 0]])]) == pytest.approx([1, 0])
    assert np.isnan(stability(atoms, [])).all()
