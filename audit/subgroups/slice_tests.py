"""Which found slices are real: tested on samples that the search did not see, all slices at once.

    T_S = (e_S - |S| e) / sqrt(|S| e (1 - e) (1 - |S|/n) n/(n-1))          e_S errors in S, e the error rate
    p_S = (1 + number of draws whose largest T reaches T_S) / (1 + draws)   errors permuted over the samples (max-T)

With group_ids the errors of one are not exchangeable one by one; their centred sums r_jS take random signs instead
(T_S = sum_j r_jS / sqrt(sum_j r_jS²)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from audit.resampling import permute_correct
from audit.significance import fisher_exact, permutation_p_value
from audit.statistics import divide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.subgroups.slices import Slice


class SliceTests(NamedTuple):
    """Slices on the confirmation half, arrays of shape (slices,)."""

    n: NDArray[np.float64]
    errors: NDArray[np.float64]
    statistic: NDArray[np.float64]
    p_value: NDArray[np.float64]
    p_adjusted: NDArray[np.float64]


class FoldedSlice(NamedTuple):
    """A slice, what it stands under, and the near-equal slices merged into it."""

    place: int
    parent: int | None
    merged: tuple[int, ...]


def slice_tests(
    errors: NDArray[np.bool_],
    masks: NDArray[np.bool_],
    *,
    draws: int = 1000,
    seed: int = 0,
    group_id: NDArray[np.int64] | None = None,
) -> SliceTests:
    """Test slices for more errors than elsewhere, with the family-wise error held by permutation max-T.

    Parameters
    ----------
    errors
        Whether each held-out row is wrong, shape (n,).
    masks
        Membership, shape (n, slices).
    draws
        Permutations.
    seed
        Seed.
    group_id
        Code of each row's group_id; ``None``: rows are independent.

    Returns
    -------
    SliceTests
        ``p_value`` of each slice alone (one-sided: Fisher, or the sign flips), ``p_adjusted`` for all at once.
        NaN for a slice that is empty, or holds everything.
    """
    wrong = np.asarray(errors, dtype=np.float64)
    member = np.asarray(masks, dtype=bool)
    n, summed = member.sum(axis=0).astype(np.float64), wrong @ member
    rows, total = len(wrong), wrong.sum()
    if group_id is not None:
        statistic, null = _sign_flips(wrong, member, group_id, draws=draws, seed=seed)
        alone = permutation_p_value(statistic, null)
    else:
        pattern = _patterns(member)
        first = np.unique(pattern, return_index=True)[1]
        holds = member[first].astype(np.float64)
        counts = np.bincount(pattern)
        wrong_counts = np.bincount(pattern, weights=wrong).astype(np.int64)
        rate = total / max(rows, 1)
        scale = np.sqrt(n * rate * (1 - rate) * (1 - n / max(rows, 1)) * rows / max(rows - 1, 1))

        def standardise(per_slice: NDArray[np.float64]) -> NDArray[np.float64]:
            return divide(per_slice - n * rate, scale)

        statistic = standardise(summed)
        null = permute_correct(
            wrong_counts[None],
            counts[None],
            lambda dealt: standardise(dealt[:, 0] @ holds),
            draws=draws,
            seed=seed,
        )
        alone = fisher_exact(summed, n, total - summed, rows - n, alternative="greater")
    defined = np.isfinite(statistic)
    adjusted = np.full(n.shape, np.nan)
    if defined.any():
        highest = null[:, defined].max(axis=1)
        adjusted[defined] = permutation_p_value(statistic[defined], np.repeat(highest[:, None], defined.sum(), axis=1))
    return SliceTests(n, summed, statistic, np.where(defined, alone, np.nan), adjusted)


def _patterns(member: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the distinct rows of a boolean matrix."""
    code = np.zeros(len(member), dtype=np.int64)
    for column in member.T:
        # Renumbering after every column keeps the code small, however many columns there are.
        code = (
            np.unique(2 * code + column, return_inverse=True)[1] if code.max(initial=0) > 2**20 else 2 * code + column
        )
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


def _sign_flips(
    wrong: NDArray[np.float64],
    member: NDArray[np.bool_],
    group_id: NDArray[np.int64],
    *,
    draws: int,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    owner = np.where(group_id < 0, group_id.max(initial=-1) + 1 + np.arange(len(group_id)), group_id)
    owner = np.unique(owner, return_inverse=True)[1]
    residual = (wrong - wrong.mean())[:, None] * (member - member.mean(axis=0))
    per_owner = np.stack([np.bincount(owner, weights=column) for column in residual.T], axis=1)
    scale = np.sqrt((per_owner**2).sum(axis=0))
    scale[scale < 1e-12] = 0  # nothing varies
    generator = np.random.default_rng(seed)
    null = np.concatenate(
        [
            generator.choice(np.array([-1.0, 1.0]), size=(min(100, draws - start), len(per_owner))) @ per_owner
            for start in range(0, draws, 100)
        ]
    )
    return divide(per_owner.sum(axis=0), scale), divide(null, scale)


def fold_slices(slices: Sequence[Slice], masks: NDArray[np.bool_], *, jaccard: float = 0.8) -> list[FoldedSlice]:
    """Merge slices that hold almost the same samples, and put nested ones under the slice that contains them.

    Parameters
    ----------
    slices
        Best first.
    masks
        Membership on the rows searched, shape (n, slices).
    jaccard
        Overlap (shared over united samples) above which a slice is merged into a better one.

    Returns
    -------
    list of FoldedSlice
        The slices kept, best first; ``parent`` is the best kept slice whose conditions are a part of this one's.
    """
    member = np.asarray(masks, dtype=np.float32)
    shared = member.T @ member
    size = np.diag(shared)
    overlap = divide(shared, size[:, None] + size[None, :] - shared)
    kept: list[int] = []
    merged: dict[int, list[int]] = {}
    for place in range(len(slices)):
        same = next((other for other in kept if overlap[place, other] > jaccard), None)
        if same is None:
            kept.append(place)
            merged[place] = []
        else:
            merged[same].append(place)
    conditions = {place: set(slices[place].conditions) for place in kept}
    return [
        FoldedSlice(
            place,
            next((other for other in kept if conditions[other] < conditions[place]), None),
            tuple(merged[place]),
        )
        for place in kept
    ]
