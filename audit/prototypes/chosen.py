"""The prototypes of every class, and what lies nearest to whom."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from audit.base import DerivedExtractor, Extractor
from audit.outputs import Embeddings, Predictions, Source
from audit.prototypes.case import Case, Setting, read_case
from audit.prototypes.selection import Method, boundary_samples, choose_prototypes, teen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.dataset import Dataset
    from audit.models.base import Model

SMALL = 10
"""A class with fewer samples is calibrated."""

BLOCK = 2048
"""Samples compared with all prototypes at once."""


@dataclasses.dataclass(frozen=True, eq=False)
class Prototypes:
    """What stands for each class.

    Parameters
    ----------
    row, place, share
        Sample, class code and share of the class of each typical prototype: (m,).
    edge_row, edge_place, edge_margin
        Sample, class code and margin of each borderline one: (b,).
    critic_row, critic_place
        Sample and class code of each criticism: (c,).
    """

    row: NDArray[np.int64]
    place: NDArray[np.int64]
    share: NDArray[np.float64]
    edge_row: NDArray[np.int64]
    edge_place: NDArray[np.int64]
    edge_margin: NDArray[np.float64]
    critic_row: NDArray[np.int64]
    critic_place: NDArray[np.int64]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassPrototypes(DerivedExtractor):
    """The prototypes of every class, as :class:`Prototypes` holds them.

    Parameters
    ----------
    setting
        What a class is and where prototypes come from.
    source
        Where the model's answers come from; ``None`` without answers.
    method, k, boundary, seed
        As in the audit.
    """

    aligned: ClassVar[bool] = False
    kept: ClassVar[bool] = True

    setting: Setting
    source: Source | None
    method: Method = "kmedoids"
    k: int = 3
    boundary: int = 3
    seed: int = 0

    def inputs(self, dataset: Dataset, model: Model) -> tuple[Extractor, ...]:  # noqa: ARG002
        """Return embeddings and answers."""
        return (Embeddings(), *(() if self.source is None else (Predictions(source=self.source),)))

    def depends_on(self, dataset: Dataset, model: Model) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the hashes of the columns that say what a class is and where prototypes come from."""
        return column_facts(dataset)

    def compute(self, dataset: Dataset, model: Model, *arrays: Any) -> np.ndarray:  # noqa: ARG002
        """Choose; the mapping of arrays is kept as it is."""
        case = read_case(dataset, np.asarray(arrays[0]), arrays[1] if len(arrays) > 1 else None, self.setting)
        found = choose_all(case, k=self.k, method=self.method, boundary=self.boundary, seed=self.seed)
        return cast("np.ndarray", found.arrays())


def column_facts(dataset: Dataset) -> dict[str, Any]:
    """Return the hashes of every column that decides who is whose prototype."""
    from audit.store import array_hash

    columns = [dataset.roles.label, dataset.roles.split, dataset.roles.group_id]
    hashes = {
        column: array_hash(dataset.metadata[column].astype("str").to_numpy(dtype=np.str_))
        for column in columns
        if column is not None
    }
    content = array_hash(np.asarray(dataset.content_hashes, dtype=np.str_))
    return {"columns": hashes, "roles": columns, "classes": list(dataset.classes), "content": content}


def choose_all(case: Case, *, k: int, method: Method, boundary: int, seed: int) -> Prototypes:
    """Choose the prototypes, the borderline samples and the criticisms of every class."""
    row, place, share = _Column(np.int64), _Column(np.int64), _Column(np.float64)
    critic_row, critic_place = _Column(np.int64), _Column(np.int64)
    members = _members(case)
    for code, rows in members.items():
        chosen = choose_prototypes(case.unit[rows].astype(np.float64), k, method, seed=seed)
        row.add(rows[chosen.rows])
        place.add(np.full(len(chosen.rows), code))
        share.add(chosen.share)
        critic_row.add(rows[chosen.criticisms])
        critic_place.add(np.full(len(chosen.criticisms), code))
    edge_row, edge_place, edge_margin = _Column(np.int64), _Column(np.int64), _Column(np.float64)
    places, prototypes = place.array, case.unit[row.array].astype(np.float64)
    for code, rows in members.items():
        own = places == code
        found, margin = boundary_samples(
            case.unit[rows].astype(np.float64), prototypes[own], prototypes[~own], boundary
        )
        edge_row.add(rows[found])
        edge_place.add(np.full(len(found), code))
        edge_margin.add(margin[found])
    columns = (row, place, share, edge_row, edge_place, edge_margin, critic_row, critic_place)
    return Prototypes(*(column.array for column in columns))


def _members(case: Case) -> dict[int, NDArray[np.int64]]:
    """Return the reference rows of each class that has any."""
    rows = np.flatnonzero(case.reference & (case.code >= 0))
    order = rows[np.argsort(case.code[rows], kind="stable")]
    codes, first = np.unique(case.code[order], return_index=True)
    return dict(zip(codes.tolist(), np.split(order, first[1:]), strict=True))


class _Column:
    """Grows by arrays; empty ones keep their type."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self._dtype = dtype
        self._parts: list[np.ndarray] = []

    def add(self, part: np.ndarray) -> None:
        self._parts.append(np.asarray(part, dtype=self._dtype))

    @property
    def array(self) -> np.ndarray:
        return np.concatenate(self._parts) if self._parts else np.zeros(0, dtype=self._dtype)


@dataclasses.dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest prototype of every sample: arrays (n,).

    Parameters
    ----------
    prototype
        Position among the prototypes, -1 where every one is related to the sample.
    cosine
        To it; NaN where there is none.
    own
        Cosine to the nearest prototype of the sample's own class; NaN where there is none.
    calibrated
        Class code by nearest class mean, small classes drawn towards large ones (TEEN).
    """

    prototype: NDArray[np.int64]
    cosine: NDArray[np.float64]
    own: NDArray[np.float64]
    calibrated: NDArray[np.int64]


def nearest_prototypes(case: Case, rows: NDArray[np.int64], place: NDArray[np.int64]) -> Nearest:
    """Return every sample's nearest prototype; related samples (group, copies, near-duplicates) are never it.

    Parameters
    ----------
    case
        The samples.
    rows, place
        Sample and class code of each prototype.
    """
    n = case.n
    prototype, cosine, own = np.full(n, -1), np.full(n, np.nan), np.full(n, np.nan)
    targets = case.unit[rows]
    for start in range(0, n, BLOCK):
        block = slice(start, min(start + BLOCK, n))
        score = (case.unit[block] @ targets.T).astype(np.float64)
        barred = (case.group[block, None] == case.group[rows]) | (case.copy[block, None] == case.copy[rows])
        score[barred | (1 - score < case.near)] = -np.inf
        best = score.argmax(axis=1)
        value = score[np.arange(len(score)), best]
        some = np.isfinite(value)
        prototype[block] = np.where(some, best, -1)
        cosine[block] = np.where(some, value, np.nan)
        mine = np.where(place == case.code[block, None], score, -np.inf).max(axis=1)
        own[block] = np.where(np.isfinite(mine), mine, np.nan)
    return Nearest(prototype, cosine, own, _calibrated(case))


def _calibrated(case: Case) -> NDArray[np.int64]:
    """Return the class whose mean, small classes calibrated, is nearest to each sample: int64 (n,).

    A sample's own group is left out of its class's mean; where nothing else is left, the class cannot be told.
    """
    members = _members(case)
    codes = np.asarray(list(members), dtype=np.int64)
    if len(codes) == 0:
        return np.full(case.n, -1)
    totals = np.stack([case.unit[rows].sum(axis=0, dtype=np.float64) for rows in members.values()])
    counts = np.asarray([len(rows) for rows in members.values()])
    means = totals / counts[:, None]
    targets = teen(means, counts)
    drawn = targets - 0.5 * _directions(means)
    score = case.unit.astype(np.float64) @ _directions(targets).T
    small = counts < SMALL
    for place, rows in enumerate(members.values()):
        groups = case.group[rows]
        for group in np.unique(groups).tolist():
            own = rows[groups == group]
            rest = totals[place] - case.unit[own].sum(axis=0, dtype=np.float64)
            if len(own) == counts[place]:
                score[own, place] = -np.inf
                continue
            target = _directions(rest[None])
            if small[place]:
                target = _directions(0.5 * target + drawn[place])
            score[own, place] = case.unit[own].astype(np.float64) @ target[0]
    return np.asarray(codes[score.argmax(axis=1)])


def _directions(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def covering_radius(case: Case, rows: NDArray[np.int64], *, seed: int = 0) -> float:
    """Return the median cosine distance of a class's samples to each other (of at most 500 of them); NaN for one."""
    if len(rows) > 500:
        rows = np.random.default_rng(seed).choice(rows, 500, replace=False)
    if len(rows) < 2:
        return float("nan")
    distance = 1 - case.unit[rows] @ case.unit[rows].T
    return float(np.median(distance[np.triu_indices(len(rows), 1)]))
