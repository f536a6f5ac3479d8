import numpy as np
import torch

from audit.score_blocks import largest, product, sampled_products


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
