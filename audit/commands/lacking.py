"""What data lacks for an audit, and what can be done about it on the command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.dataset import Dataset

_COLUMN = re.compile(r"^'.*?' has no (\w+) column\b")


def told_once(reasons: Iterable[str]) -> list[str]:
    """Return reasons without those that miss the same column once more, in other words."""
    kept: dict[str, str] = {}
    for reason in reasons:
        found = _COLUMN.match(reason)
        kept.setdefault(found[1] if found else reason, reason)
    return list(kept.values())


def remedies(reasons: Sequence[str], dataset: Dataset) -> str:
    """Return what the user can do about reasons, as sentences with a blank before; empty when nothing is known."""
    told = ""
    if any(reason.endswith("has no images") for reason in reasons):
        told += f" {image_remedy(dataset)}"
    if any(" column" in reason for reason in reasons):
        told += " Columns are chosen with --label, --prediction, --attribute, --group-id, --center and --background."
    return told


def image_remedy(dataset: Dataset) -> str:
    """Return where image paths are looked for, and how to say in which column of a table they stand."""
    from audit.readers.image_columns import likely_image_column
    from audit.roles import PATH_NAMES

    names = ", ".join(PATH_NAMES)
    column = likely_image_column(dataset.metadata)
    name = f"give --image-column {shlex.quote(column)}" if column else "name another by --image-column COLUMN"
    return (
        f"Image paths are looked for in a column named {names}: {name}, or --images DIR for images that are "
        "named after the sample ids."
    )
