import contextlib
import io

import numpy as np
import pandas as pd
import pytest

from audit.robustness.combat import ComBat
from tests.planted import make


@pytest.mark.parametrize("with_class", [False, True])
def test_correcting_all_rows_equals_neurocombat(with_class):
    library = pytest.importorskip("neuroCombat", reason="the library neuroCombat is not installed")
    vectors, label, center, _ = make(7, 3, 4, 2, 5, 20, 0.5, 0.5)
    known = pd.DataFrame({"site": center, "label": label})
    with contextlib.redirect_stdout(io.StringIO()):
        expected = library.neuroCombat(
            dat=vectors.T, covars=known, batch_col="site", categorical_cols=["label"] if with_class else None
        )["data"].T
    told = label if with_class else None
    found = ComBat.fit(vectors, center, told).apply(vectors, center, told)
    # Both iterate until nothing changes by more than 1e-4; the library stops earlier where a shift is negative.
    assert np.abs(found - expected).max() < 2e-3
    assert np.abs(found - vectors).max() > 0.5


def test_a_fit_on_some_rows_moves_others_of_the_center_together():
    vectors, _, center, slide = make(8, 2, 3, 4, 10, 12, 0.0, 2.0, 0.0)
    fitted = slide % 2 == 0
    corrected = ComBat.fit(vectors[fitted], center[fitted]).apply(vectors[~fitted], center[~fitted])
    means = [corrected[center[~fitted] == m].mean(axis=0) for m in range(3)]
    before = [vectors[~fitted][center[~fitted] == m].mean(axis=0) for m in range(3)]
    assert np.var(means, axis=0).sum() < 0.1 * np.var(before, axis=0).sum()


def test_a_constant_dimension_does_not_hurt():
    vectors, _, center, _ = make(9, 2, 2, 2, 5, 6)
    vectors[:, 0] = 3.0
    corrected = ComBat.fit(vectors, center).apply(vectors, center)
    assert np.isfinite(corrected).all()
