import pytest

from audit.robustness.design import all_rows
from audit.robustness.mixing import available, mixing_scores
from audit.robustness.search import find_neighbors
from tests.planted import make

# jax and anndata warn about their own future while they are imported.
pytestmark = [
    pytest.mark.skipif(not available(), reason="scib-metrics is not installed"),
    pytest.mark.filterwarnings("ignore"),
]


def scores(center_strength):
    vectors, label, center, slide = make(1, 3, 3, 4, 5, 16, 0.8, center_strength)
    design = all_rows(label, center, slide)
    return mixing_scores(find_neighbors(vectors, design, k=15, m=0), design)


def test_planted_centers_mix_less():
    apart, mixed = scores(3.0), scores(0.0)
    assert apart["ilisi"][0] < mixed["ilisi"][0]
    assert apart["kbet"][0] < mixed["kbet"][0]
    assert all(0 <= value <= 1 for value, _ in mixed.values())


def test_too_few_neighbours_give_no_score():
    vectors, label, center, slide = make(1, 2, 2, 2, 2, 4)
    design = all_rows(label, center, slide)
    assert mixing_scores(find_neighbors(vectors, design, k=2, m=0), design) == {}
