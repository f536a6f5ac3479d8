import numpy as np
import pytest
import torch

from audit import score_blocks
from audit.score_blocks import error_bound, largest, product, sampled_products


def test_ties_without_end_fall_back_to_sorting_everything():
    values, places = largest(torch.zeros(2, 3000), 3)
    assert values.tolist() == [[0.0] * 3] * 2
    assert places.shape == (2, 3)


def test_sampled_products_are_the_marked_entries_of_the_product():
    draw = np.random.default_rng(0)
    left, right = draw.standard_normal((3, 5)), draw.standard_normal((7, 5))
    column = np.array([[0, 6], [3, 2], [1, 1]])
    marked = np.array([[True, True], [False, True], [True, False]])
    found = sampled_products(torch.from_numpy(left), torch.from_numpy(right), column, marked)
    assert np.allclose(found, np.take_along_axis(left @ right.T, column, 1)[marked])


def test_products_of_bfloat16_inputs_are_summed_in_float32():
    rows = torch.randn(4, 300, generator=torch.Generator().manual_seed(1)).bfloat16()
    found = product(rows, rows, "bfloat16")
    assert found.dtype == torch.float32
    assert torch.allclose(found, rows.float() @ rows.float().T)


@pytest.mark.parametrize("quicker", [True, False])
def test_either_library_multiplies_within_the_bound(quicker: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_blocks, "numpy_is_quicker", lambda: quicker)
    draw = np.random.default_rng(0)
    left, right = (table / np.linalg.norm(table, axis=1)[:, None] for table in draw.normal(size=(2, 30, 64)))
    quick = [torch.from_numpy(table.astype(np.float32)) for table in (left, right)]
    memory = torch.empty((40, 30))
    bound = error_bound(64, "float32")
    assert np.abs(product(*quick, "float32").numpy() - left @ right.T).max() <= bound
    into = product(*quick, "float32", memory)
    assert np.abs(into.numpy() - left @ right.T).max() <= bound
    assert into.data_ptr() == memory.data_ptr()


def test_the_quicker_library_is_measured_once() -> None:
    assert score_blocks.numpy_is_quicker() is score_blocks.numpy_is_quicker()
    assert score_blocks.numpy_is_quicker.cache_info().misses == 1
