"""The data model: a metadata table, the images it names, and the roles of its columns."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.errors import InputError

IMAGE_COLUMN = "filepath"
"""The column that holds each sample's image, relative to the dataset's root."""

PIXEL_CAP = 100_000_000
"""Largest width x height of an image that is decoded unless another cap is given."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Roles:
    """Which column of the metadata plays which part; ``None`` where no column does.

    Parameters
    ----------
    label
        The true class.
    prediction
        The class a model predicted.
    attributes
        Columns whose values are subgroups.
    group_id
        The unit that must not leak and is resampled (patient, slide, photographer).
    center
        The confounder of the robustness index (site, scanner, hospital).
    background
        What stands behind the subject.
    split
        Which part of the data a sample belongs to (train, test).
    caption
        A sentence about the image.
    mask
        Path of a foreground mask, relative to the dataset's root.
    """

    label: str | None = None
    prediction: str | None = None
    attributes: tuple[str, ...] = ()
    group_id: str | None = None
    center: str | None = None
    background: str | None = None
    split: str | None = None
    caption: str | None = None
    mask: str | None = None

    def columns(self) -> tuple[tuple[str, str], ...]:
        """Return (role, column) pairs of every role that is set; attributes appear once a column."""
        single = [(field.name, getattr(self, field.name)) for field in dataclasses.fields(self)]
        pairs = [(role, column) for role, column in single if isinstance(column, str)]
        return (*pairs, *(("attributes", column) for column in self.attributes))


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """Samples with their metadata, images and ready-made arrays.

    Parameters
    ----------
    name
        What people call it.
    metadata
        One row a sample, indexed by unique strings named ``sample_id``.
    roles
        The part each column plays.
    root
        Folder below which every image must lie; ``None`` for data without images.
    arrays
        Arrays aligned to the rows: ``embeddings`` (n, d) and ``probabilities`` (n, classes).
    class_names
        Names of the columns of ``probabilities``; otherwise the sorted labels.
    quarantine
        Samples whose image cannot be used: index ``sample_id``, columns ``filepath`` and ``reason``.
    content
        A hash of each image file (empty string without an image), aligned to the rows; computed on
        first use when left out.
    pixel_cap
        Largest width x height of an image that is decoded.
    parent
        The dataset this one is a subset of; outputs kept for the parent serve the subset too.

    Raises
    ------
    InputError
        If the table is empty, ids repeat, a role names a missing column, or an array's length differs.
    """

    name: str
    metadata: pd.DataFrame
    roles: Roles = dataclasses.field(default_factory=Roles)
    root: Path | None = None
    arrays: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    quarantine: pd.DataFrame = dataclasses.field(
        default_factory=lambda: empty_quarantine(),  # noqa: PLW0108 - defined below
    )
    content: tuple[str, ...] | None = None
    pixel_cap: int = PIXEL_CAP
    parent: Dataset | None = None

    def __post_init__(self) -> None:
        if len(self.metadata) == 0:
            raise InputError(f"`metadata` of dataset '{self.name}' must have at least one row; got 0.")
        if fault := _index_fault(self.metadata.index):
            raise InputError(
                f"`metadata` must be indexed by unique texts named `sample_id`; {fault}. Give each row its own id.",
            )
        if self.pixel_cap < 1:
            raise InputError(f"`pixel_cap` must be at least 1; got {self.pixel_cap}.")
        for role, column in self.roles.columns():
            if column not in self.metadata.columns:
                known = ", ".join(map(str, self.metadata.columns)) or "none"
                raise InputError(
                    f"`{role}` must name a column of '{self.name}'; got '{column}'. Columns: {known}.",
                )
        for name, array in self.arrays.items():
            if len(array) != len(self.metadata):
                raise InputError(
                    f"`{name}` must have one row a sample ({len(self.metadata)}); got {len(array)} rows.",
                )

    def __len__(self) -> int:
        return len(self.metadata)

    @property
    def index(self) -> pd.Index[str]:
        """The sample ids, in row order."""
        return self.metadata.index

    @property
    def has_images(self) -> bool:
        """Whether any sample names an image file."""
        return self.root is not None and IMAGE_COLUMN in self.metadata.columns

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """The class names: those given, otherwise the distinct labels, whole numbers by value and texts by letter."""
        if self.class_names:
            return self.class_names
        if self.roles.label is None:
            return ()
        return sorted_classes(self.metadata[self.roles.label])

    @functools.cached_property
    def usable(self) -> np.ndarray:
        """Which samples have an image that is not quarantined: boolean (n,)."""
        if not self.has_images:
            return np.zeros(len(self), dtype=bool)
        named = self.metadata[IMAGE_COLUMN].notna().to_numpy(dtype=bool)
        return named & ~self.index.isin(self.quarantine.index)

    def column(self, role: str) -> pd.Series[Any]:
        """Return the column that plays a (single-column) role.

        Raises
        ------
        InputError
            If no column plays the role.
        """
        column = getattr(self.roles, role)
        if not isinstance(column, str):
            raise InputError(
                f"`{role}` must name a column of '{self.name}'; none is set. "
                f"Choose one on the data page or pass --{role.replace('_', '-')} COLUMN.",
            )
        return self.metadata[column]

    def with_roles(self, roles: Roles) -> Dataset:
        """Return the same data with other column roles; class names go where they do not hold the new labels."""
        names = self.class_names
        if names and roles.label is not None and roles.label in self.metadata.columns:
            known = set(sorted_classes(self.metadata[roles.label])) <= set(names)
            names = names if known else ()
        return dataclasses.replace(self, roles=roles, class_names=names)

    def with_metadata(self, metadata: pd.DataFrame) -> Dataset:
        """Return the same samples with other (added or corrected) columns; the index must be equal."""
        if not metadata.index.equals(self.metadata.index):
            raise InputError("`metadata` must have the same sample ids in the same order as the dataset.")
        return dataclasses.replace(self, metadata=metadata)

    def subset(self, rows: Sequence[str] | pd.Index[str] | np.ndarray, *, name: str | None = None) -> Dataset:
        """Return the samples named by ids, or selected by a boolean mask, as a dataset.

        Parameters
        ----------
        rows
            Sample ids, or a boolean array of length n. Row order of the dataset is kept.
        name
            Name of the subset; the parent's name otherwise.

        Raises
        ------
        InputError
            If an id is unknown or nothing is selected.
        """
        chosen = np.asarray(rows)
        if chosen.dtype == bool:
            if len(chosen) != len(self):
                raise InputError(f"`rows` must be a mask of length {len(self)}; got {len(chosen)}.")
            positions = np.flatnonzero(chosen)
        else:
            found = self.metadata.index.get_indexer(pd.Index(chosen.astype(str)))
            if (found < 0).any():
                raise InputError(f"`rows` must be sample ids of '{self.name}'; '{chosen[found < 0][0]}' is not.")
            positions = np.unique(found)
        if len(positions) == 0:
            raise InputError(f"`rows` must select at least one sample of '{self.name}'; got none.")
        metadata = self.metadata.iloc[positions]
        content = self.content_hashes
        return Dataset(
            name=name or self.name,
            metadata=metadata,
            roles=self.roles,
            root=self.root,
            arrays={key: array[positions] for key, array in self.arrays.items()},
            class_names=self.class_names,
            quarantine=self.quarantine[self.quarantine.index.isin(metadata.index)],
            content=tuple(content[position] for position in positions),
            pixel_cap=self.pixel_cap,
            parent=self.parent or self,
        )

    @functools.cached_property
    def content_hashes(self) -> tuple[str, ...]:
        """A hash of every sample's image bytes, empty where there is no readable file."""
        if self.content is not None:
            return self.content
        if not self.has_images:
            return ("",) * len(self)
        from audit.images import hash_files

        return hash_files(self)

    @functools.cached_property
    def images_fingerprint(self) -> str:
        """Hash of ids, image bytes and pixel cap: what a per-image output depends on."""
        digest = hashlib.blake2b(f"{self.pixel_cap};".encode(), digest_size=16)
        for sample, content in zip(self.index, self.content_hashes, strict=True):
            digest.update(f"{len(sample)}:{sample}={content};".encode())
        return digest.hexdigest()

    @functools.cached_property
    def fingerprint(self) -> str:
        """Hash of everything an audit can see: ids, columns, roles, arrays and image bytes (not times or paths)."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(self.images_fingerprint.encode())
        digest.update(repr(self.roles).encode())
        digest.update(repr(self.class_names).encode())
        for column in sorted(self.metadata.columns, key=str):
            if column == IMAGE_COLUMN:
                continue
            values = self.metadata[column]
            digest.update(f"{column}:{values.dtype};".encode())
            digest.update(pd.util.hash_pandas_object(values.astype("str"), index=False).to_numpy().tobytes())
        if self.root is not None and self.roles.mask is not None:
            from audit.images import hash_paths

            digest.update(repr(hash_paths(self.metadata[self.roles.mask], self.root)).encode())
        for name in sorted(self.arrays):
            array = np.ascontiguousarray(self.arrays[name])
            digest.update(f"{name}:{array.dtype}:{array.shape};".encode())
            digest.update(array.data.cast("B"))
        return digest.hexdigest()


def empty_quarantine() -> pd.DataFrame:
    """Return a quarantine without rows: index ``sample_id``, columns ``filepath`` and ``reason``."""
    return pd.DataFrame(
        {"filepath": pd.Series(dtype="str"), "reason": pd.Series(dtype="str")},
        index=pd.Index([], name="sample_id", dtype="str"),
    )


def sorted_classes(labels: pd.Series[Any]) -> tuple[str, ...]:
    """Return the distinct labels as texts: in numeric order when all are whole numbers, alphabetical otherwise."""
    names = labels.dropna().astype("str").unique().tolist()
    if all(name.removeprefix("-").isdecimal() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def _index_fault(index: pd.Index[Any]) -> str:
    """Return what keeps an index from naming samples; empty when nothing does."""
    if not index.is_unique:
        return f"'{index[index.duplicated()][0]}' occurs more than once"
    if index.name != "sample_id":
        return f"its name is {index.name!r}"
    strange = [value for value in index if not isinstance(value, str)] if index.dtype != "str" else []
    return f"{strange[0]!r} is no text" if strange else ""
