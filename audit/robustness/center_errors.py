"""Errors due to the center: who pulls a misclassified sample to the wrong class.

    share_k = own-center neighbours of the wrongly predicted class / all neighbours of that class

pooled over the samples that the vote of their k nearest neighbours misclassifies. Without a center effect it is the
own center's share of the eligible samples of that class ("availability"). Audit-defined: a way to measure what
figure 3 of arXiv 2501.18055 shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from audit.robustness.index import vote
from audit.statistics import divide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.robustness.design import Design


class CenterErrors(NamedTuple):
    """Neighbours of the wrongly predicted class of every occurrence, at one k.

    Parameters
    ----------
    wrong
        Whether the vote misclassifies the occurrence.
    predicted
        Class voted for; -1 without any neighbour.
    own
        Its neighbours of the predicted class from its own center; 0 where the vote is right.
    all
        Its neighbours of the predicted class; 0 where the vote is right.
    available
        The own center's share of the eligible samples of the predicted class; NaN where the vote is right.
    """

    wrong: NDArray[np.bool_]
    predicted: NDArray[np.int64]
    own: NDArray[np.int64]
    all: NDArray[np.int64]
    available: NDArray[np.float64]

    @property
    def share(self) -> float:
        """Share from the own center, pooled; NaN when nothing is misclassified."""
        return float(divide(self.own.sum(), self.all.sum()))

    @property
    def availability(self) -> float:
        """What the share would be if neighbours of the wrong class came from centers at random."""
        weight = self.all[self.wrong]
        return float(divide((self.available[self.wrong] * weight).sum(), weight.sum()))


def center_errors(index: NDArray[np.int64], design: Design, ks: Sequence[int]) -> list[CenterErrors]:
    """Return the errors' neighbours at each k.

    Parameters
    ----------
    index
        Neighbours (occurrences, ranks).
    design
        Classes, centers, groups and blocks.
    ks
        Values of k, ascending.
    """
    rows = design.rows
    label, center = design.label[rows], design.center[rows]
    votes = vote(index, design.label, len(design.labels), ks)
    out = []
    for predicted, k in zip(votes, ks, strict=True):
        wrong = (predicted >= 0) & (predicted != label)
        near = index[:, :k]
        of_class = (near >= 0) & (design.label[near] == predicted[:, None]) & wrong[:, None]
        own = of_class & (design.center[near] == center[:, None])
        available = np.full(len(rows), np.nan)
        available[wrong] = _availability(design, np.flatnonzero(wrong), predicted[wrong])
        out.append(CenterErrors(wrong, predicted, own.sum(axis=1), of_class.sum(axis=1), available))
    return out


def _availability(design: Design, occurrences: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.float64]:
    """Own center's share of the eligible samples of the predicted class, the query's own group left out."""
    rows, block = design.rows, design.block
    classes, centers, groups = len(design.labels), len(design.centers), int(design.group.max()) + 1
    members = block * classes + design.label[rows]
    by_class = np.bincount(members, minlength=len(design.blocks) * classes)
    by_cell = np.bincount(members * centers + design.center[rows], minlength=len(by_class) * centers)
    own_group = members * groups + design.group[rows]
    query = block[occurrences] * classes + predicted
    center, group = design.center[rows[occurrences]], design.group[rows[occurrences]]
    in_group = _count(own_group, query * groups + group)
    in_group_center = _count(own_group * centers + design.center[rows], (query * groups + group) * centers + center)
    return divide(by_cell[query * centers + center] - in_group_center, by_class[query] - in_group)


def _count(keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each wanted key occurs among the keys."""
    known, count = np.unique(keys, return_counts=True)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[place] == wanted, count[place], 0)


def confusions(errors: CenterErrors, index: NDArray[np.int64], design: Design, k: int) -> NDArray[np.int64]:
    """Count, center by center, whose samples the neighbours of the wrongly predicted class are.

    Returns
    -------
    ndarray
        int64 (centers, centers): row the sample's center, column the neighbour's.
    """
    centers = len(design.centers)
    near = index[errors.wrong][:, :k]
    of_class = (near >= 0) & (design.label[near] == errors.predicted[errors.wrong][:, None])
    own = np.broadcast_to(design.center[design.rows[errors.wrong]][:, None], near.shape)
    pairs = own[of_class] * centers + design.center[near[of_class]]
    return np.bincount(pairs, minlength=centers * centers).reshape(centers, centers)
