import numpy as np

from audit.robustness.clustering import clustering_score
from tests.planted import make, noise


def test_clusters_of_a_strong_class_score_high_and_of_a_strong_center_low():
    by_class = clustering_score(*make(1, 3, 3, 4, 6, 24, 2.0, 0.2)[:3], seed=0)
    vectors, label, center, _ = make(1, 3, 3, 4, 6, 24, 0.2, 2.0)
    by_center = clustering_score(vectors, label, center, seed=0)
    assert by_class.value > 0.6
    assert by_center.value < -0.6
    assert by_class.low <= by_class.value <= by_class.high


def test_noise_scores_zero():
    vectors, label, center, _ = noise(3, 3, 0)
    assert abs(clustering_score(vectors, label, center, seed=0).value) < 0.05


def test_a_constant_embedding_does_not_break_it():
    label = np.arange(30) % 3
    assert clustering_score(np.ones((30, 4)), label, np.arange(30) // 10, seed=0).value == 0
