import numpy as np
import pytest

from audit.errors import InputError
from audit.robustness.combat import ComBat
from audit.robustness.design import all_rows
from audit.robustness.index import count_types, neighbor_types, robustness_index
from audit.robustness.mitigation import mitigation_table, remove_center_means
from audit.robustness.search import find_neighbors
from tests.planted import make, mixed


def index_of(vectors, label, center, slide, k=11):
    design = all_rows(label, center, slide)
    near = find_neighbors(vectors, design, k=k, m=0)
    return float(robustness_index(count_types(neighbor_types(near.index, design.rows, design), (k,))[0]))


def test_known_index_after_center_mean_removal_and_combat():
    vectors, label, center, slide = mixed()
    everyone = np.ones(len(label), dtype=bool)
    removed = remove_center_means(vectors, center, label, everyone)
    assert index_of(removed, label, center, slide) == pytest.approx(0.869, abs=5e-4)
    combat = ComBat.fit(vectors, center).apply(vectors, center)
    assert index_of(combat, label, center, slide) == pytest.approx(0.868, abs=5e-4)


def test_a_planted_center_effect_is_reduced_on_groups_not_fitted_on():
    vectors, label, center, slide = make(2, 3, 3, 6, 8, 32, 0.35, 0.5, 0.2)
    found = {
        row.method: row for row in mitigation_table(vectors, all_rows(label, center, slide), k=9, draws=200, seed=0)
    }
    assert list(found) == ["raw", "center mean", "ComBat", "ComBat with class"]
    for method in ("center mean", "ComBat"):
        assert found[method].low > found["raw"].high
        assert found[method].accuracy > found["raw"].accuracy
        assert found[method].drop > found["raw"].drop
        assert not found[method].leak
    assert found["ComBat with class"].leak


def test_without_center_effect_little_changes():
    vectors, label, center, slide = make(3, 3, 3, 6, 8, 32, 0.5, 0.0, 0.2)
    found = {
        row.method: row for row in mitigation_table(vectors, all_rows(label, center, slide), k=9, draws=200, seed=0)
    }
    assert found["center mean"].value == pytest.approx(found["raw"].value, abs=0.05)


def test_images_embedded_anew_are_judged_beside_the_others():
    vectors, label, center, slide = make(4, 2, 2, 4, 5, 12)
    design = all_rows(label, center, slide)
    found = mitigation_table(vectors, design, k=5, draws=200, seed=0, embedded_anew={"Reinhard colours": vectors * 2})
    by_name = {row.method: row for row in found}
    assert by_name["Reinhard colours"].value == by_name["raw"].value


def test_a_center_that_lacks_a_class_is_refused():
    vectors, label, center, slide = make(5, 2, 2, 4, 5, 12)
    keep = ~((label == 0) & (center == 0))
    design = all_rows(label[keep], center[keep], slide[keep])
    with pytest.raises(InputError, match="removing the center would remove the class"):
        mitigation_table(vectors[keep], design, k=5, draws=200, seed=0)
