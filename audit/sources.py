"""Where datasets and models come from, as plain data that a file, a link or another process can hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.dataset import Roles
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model


@dataclasses.dataclass(frozen=True, kw_only=True)
class DatasetSource:
    """Where a dataset comes from; what :func:`audit.load_dataset` is called with.

    Parameters
    ----------
    path
        Folder or table.
    images
        Folder that the table's image paths are relative to.
    image_column, id_column
        The table's column of image paths, and the one that names the samples; known by their names when left out.
    embeddings, probabilities
        Files of arrays with one row a sample (``file.npz#key`` for one of several), or names of list columns.
    class_names
        Names of the columns of the probabilities, or a file that holds them.
    join
        Further tables, joined by sample id.
    reader
        Name of the reader; found by looking at the path when left out.
    roles
        Roles that were set by the user, ``None`` for a role that no column shall play; those that are not named
        are guessed from column names.
    name
        What people call it; the path's last part when left out.
    """

    path: str
    images: str | None = None
    image_column: str | None = None
    id_column: str | None = None
    embeddings: str | None = None
    probabilities: str | None = None
    class_names: str | tuple[str, ...] | None = None
    join: tuple[str, ...] = ()
    reader: str | None = None
    roles: Mapping[str, Any] | None = None
    name: str = ""

    def paths(self) -> tuple[str, ...]:
        """Return every path that loading would read."""
        arrays = [_file(given) for given in (self.embeddings, self.probabilities) if given]
        names = self.class_names if isinstance(self.class_names, str) else None
        return tuple(path for path in (self.path, self.images, names, *self.join, *arrays) if path)

    def resolved(self) -> DatasetSource:
        """Return the same source with every path absolute and free of links, so that it holds from any folder."""
        return dataclasses.replace(
            self,
            path=_real(self.path),
            images=_real(self.images) if self.images else None,
            embeddings=_real_array(self.embeddings),
            probabilities=_real_array(self.probabilities),
            class_names=_real(self.class_names) if isinstance(self.class_names, str) else self.class_names,
            join=tuple(_real(path) for path in self.join),
        )

    def load(self) -> Dataset:
        """Read the dataset.

        Raises
        ------
        InputError
            If the reader finds something that the user must mend.
        """
        from audit.readers import load_dataset

        dataset = load_dataset(
            self.path,
            images=self.images,
            image_column=self.image_column,
            id_column=self.id_column,
            embeddings=self.embeddings,
            probabilities=self.probabilities,
            class_names=self.class_names,
            join=self.join,
            roles=roles_from(self.roles),
            reader=self.reader,
            name=self.name or None,
        )
        # A role that was set to nothing is one that the user took away from what the names suggest.
        given = (self.roles or {}).items()
        taken: dict[str, Any] = {role: () if role == "attributes" else None for role, value in given if not value}
        return dataset.with_roles(dataclasses.replace(dataset.roles, **taken)) if taken else dataset


def _real(path: str) -> str:
    return str(Path(path).expanduser().resolve())


def _file(given: str) -> str | None:
    """Return the file of an array given as ``file`` or ``file#key``, ``None`` when it is the name of a column."""
    text = given.partition("#")[0]
    return text if Path(text).expanduser().exists() else None


def _real_array(given: str | None) -> str | None:
    if given is None or _file(given) is None:
        return given
    text, mark, key = given.partition("#")
    return f"{_real(text)}{mark}{key}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelSource:
    """Where a model comes from; what :func:`audit.load_model` is called with.

    Parameters
    ----------
    spec
        ``family:name?key=value``.
    weights
        File of weights.
    device, dtype
        ``auto``, or what to run on.
    batch_size
        Images a batch; chosen by the engine when left out.
    name
        What people call it; the specification when left out.
    """

    spec: str
    weights: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int | None = None
    name: str = ""

    def paths(self) -> tuple[str, ...]:
        """Return every path that loading would read: the weights, and what the specification names that is a file."""
        from audit.models import parse

        parsed = parse(self.spec)
        values = (parsed.name.removeprefix("local-dir:"), *parsed.options.values())
        files = [value for value in values if value and Path(value).expanduser().exists()]
        return (*([self.weights] if self.weights else []), *files)

    def resolved(self) -> ModelSource:
        """Return the same source with the weights' path absolute and free of links."""
        return dataclasses.replace(self, weights=_real(self.weights) if self.weights else None)

    def load(self) -> Model:
        """Load the model.

        Raises
        ------
        InputError
            If the specification or the weights are wrong.
        """
        from audit.models import load_model

        weights = Path(self.weights) if self.weights else None
        return load_model(self.spec, weights=weights, device=self.device, dtype=self.dtype)


def roles_from(chosen: Mapping[str, Any] | None) -> Roles | None:
    """Return column roles from plain data, ``None`` when nothing was chosen.

    Raises
    ------
    InputError
        If a name is no role.
    """
    given = {role: value for role, value in (chosen or {}).items() if value}
    known = [field.name for field in dataclasses.fields(Roles)]
    for role in given:
        if role not in known:
            raise InputError(f"`roles` must be among {', '.join(known)}; got '{role}'.")
    if "attributes" in given:
        given["attributes"] = tuple(given["attributes"])
    return Roles(**given) if given else None
