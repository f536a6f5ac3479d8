"""Look-alike groups with errors."""

import numpy as np
import pytest

from audit.errors import InputError
from audit.subgroups.error_slices import find_error_slices, name_slices


def _world(n=1200, seed=0):
    """Two classes; a blob of class 0 is taken for class 1."""
    generator = np.random.default_rng(seed)
    label = generator.integers(0, 2, n)
    night = (label == 0) & (generator.random(n) < 0.25)
    embeddings = generator.normal(0, 1, (n, 8))
    embeddings[:, 0] += 4 * label
    embeddings[:, 1] += 6 * night
    prediction = np.where(night & (generator.random(n) < 0.8), 1, label)
    return embeddings, label, prediction, night


def test_the_planted_group_is_the_most_confused_one():
    embeddings, label, prediction, _ = _world()
    found = find_error_slices(embeddings, label, prediction, 2, slices=8)
    worst = int(found.confusion.argmax())
    assert found.confused_classes[worst] == (1, 0)
    fresh, fresh_label, fresh_prediction, fresh_night = _world(seed=1)
    member = found.assign(fresh, fresh_label) == worst
    assert fresh_night[member].mean() > 0.9
    assert (fresh_prediction != fresh_label)[member].mean() > 0.6


def test_without_errors_nothing_is_confused():
    embeddings, label, _, _ = _world()
    assert find_error_slices(embeddings, label, label, 2, slices=5).confusion.max() < 0.01


def test_equal_seeds_give_equal_slices():
    embeddings, label, prediction, _ = _world(400)
    first, again = (find_error_slices(embeddings, label, prediction, 2, slices=5, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.mean, again.mean)


def test_slices_are_named_by_the_phrases_that_tell_them_from_their_class():
    embeddings, label, _, night = _world()
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    phrases = np.eye(8)[[0, 1, 2]]
    assigned = np.where(night, 0, 1)
    names = name_slices(assigned, label, unit, phrases, ["class one", "at night", "noise"], slices=3, top=1)
    assert names[0] == ("at night",)
    assert names[2] == ()


def test_embeddings_that_do_not_vary_are_one_group():
    label = np.arange(60) % 2
    found = find_error_slices(np.ones((60, 3)), label, label, 2, slices=2)
    assert np.isfinite(found.mean).all()


def test_too_many_slices_and_unknown_classes_are_refused():
    embeddings, label, prediction, _ = _world(30)
    with pytest.raises(InputError, match="`slices` must be at most half the number of samples"):
        find_error_slices(embeddings, label, prediction, 2, slices=20)
    with pytest.raises(InputError, match=r"must lie in 0 \.\. 0"):
        find_error_slices(embeddings, label, prediction, 1, slices=2)
    with pytest.raises(InputError, match="must have 30 rows"):
        find_error_slices(embeddings, label[:5], prediction, 2)
