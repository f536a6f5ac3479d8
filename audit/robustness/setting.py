"""From a dataset and its embeddings to a design: which rows take part, and what the reader must be told."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.robustness.design import Design, all_rows, paired

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.dataset import Dataset

DesignName = Literal["all", "paired"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """What is compared with what, by column names; empty names stand for the dataset's roles.

    Parameters
    ----------
    center
        Column of the center.
    design
        ``all``: every sample with every other; ``paired``: inside subsets of two classes and two centers.
    subset
        Column that names the subsets; every crossing of two classes with two centers when empty.
    """

    center: str = ""
    design: DesignName = "all"
    subset: str = ""

    def columns(self, dataset: Dataset) -> tuple[str, str, str, str]:
        """Return the columns of class, center, group and subset; empty where there is none."""
        roles = dataset.roles
        subset = self.subset if self.design == "paired" else ""
        return roles.label or "", self.center or roles.center or "", roles.group_id or "", subset

    def missing(self, dataset: Dataset) -> list[str]:
        """Return in plain words which columns are lacking."""
        label, center, _, subset = self.columns(dataset)
        known = dataset.metadata.columns
        reasons = []
        if not label:
            reasons.append(f"'{dataset.name}' has no label column: choose the column of the true classes")
        if not center:
            reasons.append(
                f"'{dataset.name}' has no center column (hospital, scanner, camera, country): choose one of its columns"
            )
        unknown = [column for column in (center, subset) if column and column not in known]
        reasons += [f"'{dataset.name}' has no column '{column}'" for column in unknown]
        if label and center and label == center:
            reasons.append(f"class and center are one column ('{label}'): choose another center column")
        for what, column in (("class", label), ("center", center)):
            if column in known and dataset.metadata[column].nunique() < 2:
                reasons.append(
                    f"'{column}' holds {dataset.metadata[column].nunique()} different values: "
                    f"the index is undefined with fewer than two, since nothing can be of another {what}"
                )
        group = self.columns(dataset)[2]
        if group and dataset.metadata[group].nunique() < 2:
            reasons.append(f"'{group}' holds one group: every neighbour would be from the sample's own group")
        return reasons


@dataclasses.dataclass(frozen=True, eq=False)
class Prepared:
    """A design with what it left out.

    Parameters
    ----------
    design
        Codes, groups and blocks.
    notes
        What was left out and assumed.
    own_groups
        Whether no group_id is known, or every row is its own group.
    names
        Columns of class, center, group and subset; empty where there is none.
    """

    design: Design
    notes: tuple[str, ...]
    own_groups: bool
    names: tuple[str, str, str, str]


def read_setting(dataset: Dataset, vectors: NDArray[Any], setting: Setting) -> Prepared:
    """Return the design of a dataset.

    Parameters
    ----------
    dataset
        The samples.
    vectors
        Their embeddings (n, d).
    setting
        Columns and design.

    Raises
    ------
    InputError
        If the index is undefined: one class, one center, one group, or no complete subset.
    """
    lacking = setting.missing(dataset)
    if lacking:
        raise InputError(f"`dataset` must have classes and centers; {'; '.join(lacking)}.")
    names = setting.columns(dataset)
    label, center, group, subset = names
    usable, notes = _usable(dataset, np.asarray(vectors), (label, center, group))
    if not usable.any():
        raise InputError("`embeddings` must hold at least one usable row; all were left out. " + " ".join(notes))
    table = dataset.metadata
    groups = table[group].astype("str").to_numpy() if group else dataset.index.to_numpy()
    design = all_rows(table[label].astype("str"), table[center].astype("str"), groups, usable)
    own = not group or design.groups == len(design.used)
    if own:
        notes.append(
            ("No group_id is set" if not group else f"Every sample is its own group in '{group}'")
            + ": samples of one patient or slide count as independent, so neighbours may be the same tissue again and "
            "intervals are too narrow. Set group_id unless the samples really are unrelated."
        )
    if setting.design == "paired":
        design, remarks = paired(design, table[subset].to_numpy(dtype=object) if subset else None)
        notes += remarks
    notes += _nesting_notes(design)
    return Prepared(design, tuple(notes), own, names)


def _usable(
    dataset: Dataset, vectors: NDArray[Any], columns: tuple[str, str, str]
) -> tuple[NDArray[np.bool_], list[str]]:
    notes = []
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        notes.append(f"{int((~finite).sum()):,} samples with non-finite embeddings were left out.")
    zero = finite & (np.abs(np.where(finite[:, None], vectors, 1)).max(axis=1) == 0)
    if zero.any():
        notes.append(f"{int(zero.sum()):,} samples with an all-zero embedding have no direction and were left out.")
    usable = finite & ~zero
    for column in columns:
        if not column:
            continue
        known = dataset.metadata[column].notna().to_numpy(dtype=bool)
        if not known.all():
            notes.append(f"{int((~known).sum()):,} samples without a value of '{column}' were left out.")
        usable &= known
    return usable, notes


def _nesting_notes(design: Design) -> list[str]:
    """Say where classes and centers cannot be told apart by design."""
    used = design.used
    table = pd.crosstab(design.label[used], design.center[used]).to_numpy()
    empty = int((table == 0).sum())
    notes = []
    if ((table > 0).sum(axis=1) == 1).all() or ((table > 0).sum(axis=0) == 1).all():
        notes.append("The center is determined by the class, or the class by the center: the two cannot be told apart.")
    elif empty:
        notes.append(f"{empty} of {table.size} class-center pairs have no sample; what a center lacks it cannot show.")
    used_groups = design.group[used]
    pairs = np.unique(np.stack([used_groups, design.center[used]], axis=1), axis=0)
    several = int((np.unique(pairs[:, 0], return_counts=True)[1] > 1).sum())
    if several:
        words = "group has" if several == 1 else "groups have"
        notes.append(f"{several:,} {words} samples from several centers, permuted center by center.")
    return notes
