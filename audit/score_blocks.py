"""Blocks of scores: products in a number format, exact products of few pairs, and the largest of a row."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

Precision = Literal["float64", "float32", "tf32", "bfloat16"]


def product(left: torch.Tensor, right: torch.Tensor, precision: Precision) -> torch.Tensor:
    """Return left @ right.T; products of bfloat16 inputs are summed and returned in float32."""
    import torch

    if precision == "bfloat16" and left.device.type == "cuda":
        return torch.mm(left, right.T, out_dtype=torch.float32)
    if precision == "bfloat16":
        # A CPU returns bfloat16 sums, which no bound covers; the rounded inputs are multiplied in float32 instead.
        return left.float() @ right.float().T
    if precision != "tf32" or left.device.type != "cuda":
        return left @ right.T
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        return left @ right.T
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def sampled_products(
    left: torch.Tensor, right: torch.Tensor, column: NDArray[np.int64], marked: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return float64 products of the marked (row, column) pairs without gathering the vectors."""
    import torch

    start = np.zeros(len(left) + 1, dtype=np.int64)
    np.cumsum(marked.sum(axis=1), out=start[1:])
    with warnings.catch_warnings():
        # PyTorch calls its sparse CSR format "beta"; the numbers are checked in our tests.
        warnings.filterwarnings("ignore", message=".*CSR.*", category=UserWarning)
        pattern = torch.sparse_csr_tensor(
            torch.from_numpy(start),
            torch.from_numpy(column[marked]),
            torch.zeros(int(start[-1]), dtype=torch.float64),
            (len(left), len(right)),
            check_invariants=False,
        )
        return np.asarray(torch.sparse.sampled_addmm(pattern, left, right.T, beta=0.0).values().numpy())


def largest(scores: torch.Tensor, k: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the k largest scores of each row, descending, and their columns.

    On a CPU a row is cut into runs; the k-th largest of the runs' maxima bounds the k-th largest score from
    below, so that one comparison leaves little more than k scores to sort. ``torch.topk`` serves elsewhere.

    Parameters
    ----------
    scores
        (rows, columns) on any device.
    k
        At most the number of columns.
    """
    import torch

    columns = scores.shape[1]
    run = columns // (3 * k) if k else 0
    found = _above_run_maxima(scores, k, run) if scores.device.type == "cpu" and run >= 8 else None
    if found is not None:
        return found
    top = torch.topk(scores, k, dim=1)
    return top.values.cpu().numpy(), top.indices.cpu().numpy()


def _above_run_maxima(scores: torch.Tensor, k: int, run: int) -> tuple[NDArray[Any], NDArray[np.int64]] | None:
    import torch

    rows, columns = scores.shape
    whole = columns // run * run
    maxima = scores[:, :whole].reshape(rows, -1, run).amax(dim=2)
    bound = torch.topk(maxima, k, dim=1).values[:, -1:].numpy()
    table = scores.numpy()
    flat = np.flatnonzero(table >= bound)
    row = flat // columns
    count = np.bincount(row, minlength=rows)
    width = int(count.max())
    if width > columns // 4:  # ties without end: sorting everything is as quick
        return None
    slot = np.arange(len(flat)) - np.repeat(np.cumsum(count) - count, count)
    values = np.full((rows, width), -np.inf, dtype=table.dtype)
    places = np.zeros((rows, width), dtype=np.int64)
    values[row, slot] = table.ravel()[flat]
    places[row, slot] = flat - row * columns
    top = torch.topk(torch.from_numpy(values), k, dim=1)
    return top.values.numpy(), np.take_along_axis(places, top.indices.numpy(), 1)


def has_mkl() -> bool:
    """Whether PyTorch multiplies sparse by dense on this CPU."""
    import torch

    return bool(torch.backends.mkl.is_available())  # type: ignore[no-untyped-call]
