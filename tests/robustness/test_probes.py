import numpy as np

from audit.robustness.index import balanced_accuracy
from audit.robustness.probes import accuracy_draws, bounded, logistic_predictions
from audit.statistics import Interval
from tests.planted import make, noise


def test_a_probe_finds_class_and_center_of_groups_not_seen():
    vectors, label, center, slide = make(1, 3, 3, 5, 6, 24, 0.6, 0.6, 0.2)
    for codes in (label, center):
        assert balanced_accuracy(codes, logistic_predictions(vectors, codes, slide, seed=0)) > 0.7


def test_on_noise_a_probe_is_at_chance():
    found = []
    for seed in range(8):
        vectors, label, _, slide = noise(3, 3, seed)
        found.append(balanced_accuracy(label, logistic_predictions(vectors, label, slide, seed=0)))
    assert abs(np.mean(found) - 1 / 3) < 3 * np.std(found, ddof=1) / np.sqrt(len(found))


def test_memorised_groups_do_not_help():
    draw = np.random.default_rng(0)
    slide = np.repeat(np.arange(24), 10)
    vectors = 5 * draw.standard_normal((24, 12))[slide] + 0.1 * draw.standard_normal((240, 12))
    label = slide % 2
    assert balanced_accuracy(label, logistic_predictions(vectors, label, slide, seed=0)) < 0.8


def test_one_group_or_one_class_gives_no_prediction():
    vectors = np.random.default_rng(0).standard_normal((8, 3))
    assert (logistic_predictions(vectors, np.zeros(8, dtype=int), np.zeros(8, dtype=int), seed=0) == -1).all()


def test_draws_of_a_perfect_vote_are_one():
    truth = np.arange(40) % 4
    found = accuracy_draws(truth, truth, np.arange(40) // 4, np.zeros(10, dtype=int), draws=100, seed=0)
    assert (found == 1).all()


def test_bounds_are_cut_to_shares():
    assert bounded(Interval(np.float64(-0.1), np.float64(1.2))) == (0, 1)
