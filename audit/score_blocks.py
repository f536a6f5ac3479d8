"""Blocks of scores: unit vectors, products in a number format, exact products of few pairs, the largest of a row."""

from __future__ import annotations

import functools
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from audit.errors import InputError
from audit.provenance import processors

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike, NDArray

Precision = Literal["float64", "float32", "tf32", "bfloat16"]
ROWS_AT_ONCE = 512
"""Rows normalised at once."""

UNIT_ROUNDOFF: dict[Precision, float] = {
    "float64": 2.0**-53,
    "float32": 2.0**-24,
    "tf32": 2.0**-11,
    "bfloat16": 2.0**-9,
}
"""Largest relative error of one rounding of the inputs; products are summed in float32 (float64 for float64)."""


def error_bound(dimensions: int, precision: Precision) -> float:
    """Return how far a quick score of two unit vectors can lie from the true one.

    Rounding both inputs costs 2u + u², summing d products in float32 at most d v / (1 - d v) with v = 2^-24,
    each times the sum of the products' absolute values, which for unit vectors is at most 1 (Cauchy-Schwarz;
    Higham 2002, section 3.1). The factor 1.01 covers the rounded vectors' length.

    Parameters
    ----------
    dimensions
        d, the length of the vectors.
    precision
        Format of the inputs.
    """
    u = UNIT_ROUNDOFF[precision]
    v = UNIT_ROUNDOFF["float64" if precision == "float64" else "float32"]
    return 1.01 * (2 * u + u * u + dimensions * v / (1 - dimensions * v))


def unit_vectors(vectors: ArrayLike, order: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """Return rows of length 1 in float64.

    Parameters
    ----------
    vectors
        (n, d).
    order
        Order of the rows returned; as they are when left out.

    Raises
    ------
    InputError
        If the array is not two-dimensional, or a row is zero or not finite; the message names the row.
    """
    table = np.asarray(vectors)
    if table.ndim != 2:
        raise InputError(f"`vectors` must be a table (n, d); got {table.ndim} dimensions.")
    places = np.arange(len(table)) if order is None else order
    out = np.empty(table.shape, dtype=np.float64)

    def part(start: int) -> None:
        chosen = places[start : start + ROWS_AT_ONCE]
        rows = table[chosen].astype(np.float64)
        # Dividing by the largest entry first keeps the squares of very large and very small rows in range.
        longest = np.abs(rows).max(axis=1, initial=0.0)
        bad = np.flatnonzero(~np.isfinite(longest) | (longest == 0))
        if len(bad):
            what = "all zero" if longest[bad[0]] == 0 else "not finite"
            raise InputError(
                f"`vectors` must have a direction in every row; row {chosen[bad[0]]} is {what}. Leave such rows out."
            )
        rows /= longest[:, None]
        np.divide(rows, np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None], out=out[start : start + ROWS_AT_ONCE])

    with ThreadPoolExecutor(processors()) as pool:
        for _ in pool.map(part, range(0, len(places), ROWS_AT_ONCE)):
            pass
    return out


def product(
    left: torch.Tensor, right: torch.Tensor, precision: Precision, out: torch.Tensor | None = None
) -> torch.Tensor:
    """Return left @ right.T; products of bfloat16 inputs are summed and returned in float32.

    Parameters
    ----------
    left, right
        Rows of the inputs, in the format that ``precision`` names.
    precision
        Format of the inputs.
    out
        Memory for the result, at least as many rows; fresh pages cost about a tenth of a CPU's time.
    """
    import torch

    if precision == "bfloat16" and left.device.type == "cuda":
        return torch.mm(left, right.T, out_dtype=torch.float32)
    if precision == "bfloat16":
        # A CPU returns bfloat16 sums, which no bound covers; the rounded inputs are multiplied in float32 instead.
        left, right = left.float(), right.float()
    if precision == "tf32" and left.device.type == "cuda":
        before = torch.backends.cuda.matmul.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = True
        try:
            return left @ right.T
        finally:
            torch.backends.cuda.matmul.allow_tf32 = before
    if left.device.type == "cpu" and left.dtype == torch.float32 and numpy_is_quicker():
        made = np.matmul(left.numpy(), right.numpy().T, out=None if out is None else out[: len(left)].numpy())
        return torch.from_numpy(made)
    if out is None:
        return left @ right.T
    return torch.mm(left, right.T, out=out[: len(left)])


@functools.cache
def numpy_is_quicker() -> bool:
    """Whether NumPy's library multiplies float32 tables quicker on this CPU than PyTorch's: measured once, 0.1 s.

    PyTorch's is tuned for one maker's processors; on another's it took a third longer. Neighbours do not depend on
    it: the bound of a quick score holds for any order of its sum.
    """
    import torch

    left, right = np.ones((256, 768), dtype=np.float32), np.ones((4096, 768), dtype=np.float32)
    out = np.empty((256, 4096), dtype=np.float32)
    tables = torch.from_numpy(left), torch.from_numpy(right).T, torch.from_numpy(out)
    seconds: dict[str, list[float]] = {"numpy": [], "torch": []}
    for _ in range(4):
        for name, multiply in (
            ("numpy", lambda: np.matmul(left, right.T, out=out)),
            ("torch", lambda: torch.mm(tables[0], tables[1], out=tables[2])),
        ):
            started = time.perf_counter()
            multiply()
            seconds[name].append(time.perf_counter() - started)
    return min(seconds["numpy"]) < min(seconds["torch"])


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
    table = scores.numpy()
    # Runs of every (columns // run)-th column: their maxima are taken over whole lines, which is quickest.
    maxima = table[:, : columns // run * run].reshape(rows, run, -1).max(axis=1)
    bound = np.partition(maxima, maxima.shape[1] - k, axis=1)[:, maxima.shape[1] - k][:, None]
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
