"""What is loaded: datasets and models by name, the folders they may come from, the store and the jobs."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from audit.corrections import Corrections
from audit.errors import InputError
from audit.locations import home_folder
from audit.preferences import read_preferences
from audit.sources import DatasetSource, ModelSource, roles_from

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.jobs import Jobs
    from audit.models.base import Model
    from audit.store import Store

__all__ = ["DatasetSource", "ModelSource", "Workspace"]

FILE = "workspace.json"


class Workspace:
    """Datasets, models, results and jobs of one home folder.

    What is registered is kept as JSON in the home folder, so that the dashboard, the worker and the command
    line see the same. A path is read only when it lies below a declared root: the person who starts the
    dashboard declares roots, those who use it through a browser cannot.

    Parameters
    ----------
    home
        Folder of everything that is kept; see :func:`audit.locations.home_folder`.
    roots
        Further folders that data may be read from, for this object alone; :meth:`declare_root` keeps one.
    """

    def __init__(self, home: str | Path | None = None, roots: Sequence[str | Path] = ()) -> None:
        self.home = home_folder(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self._file = self.home / FILE
        self._lock = FileLock(self.home / f"{FILE}.lock")
        self._roots = tuple(Path(root).expanduser().resolve() for root in roots)

    @cached_property
    def store(self) -> Store:
        """Outputs and results."""
        from audit.store import Store

        return Store(self.home / "store")

    @cached_property
    def jobs(self) -> Jobs:
        """Slow work, done by the worker process."""
        from audit.jobs import Jobs

        return Jobs(self.home)

    # Roots

    @property
    def demo_folder(self) -> Path:
        """Folder of the bundled worlds; always a root."""
        return self.home / "demo"

    @property
    def roots(self) -> tuple[Path, ...]:
        """Folders that data and weights may be read from."""
        kept = tuple(Path(root) for root in self._read()["roots"])
        return tuple(dict.fromkeys((*self._roots, *kept, self.demo_folder)))

    def declare_root(self, folder: str | Path) -> Path:
        """Allow reading below a folder from now on, in every process that uses this home.

        Raises
        ------
        InputError
            If there is no such folder.
        """
        root = Path(folder).expanduser().resolve()
        if not root.is_dir():
            raise InputError(f"`root` must be a folder; there is none at {root}.")
        self._change(lambda kept: {**kept, "roots": sorted({*kept["roots"], str(root)})})
        return root

    def forget_root(self, folder: str | Path) -> None:
        """Stop reading below a folder that was declared."""
        root = str(Path(folder).expanduser().resolve())
        self._change(lambda kept: {**kept, "roots": [known for known in kept["roots"] if known != root]})

    def check_path(self, path: str | Path) -> Path:
        """Return a path as it really is, when it lies below a root.

        Raises
        ------
        InputError
            If it does not exist or lies elsewhere; symbolic links count as what they point to.
        """
        real = Path(path).expanduser().resolve()
        if not any(real.is_relative_to(root) for root in self.roots):
            shown = ", ".join(map(str, self.roots))
            raise InputError(
                f"`path` must lie below a folder that the dashboard was started with ({shown}); got '{path}'. "
                "Start it with `audit app FOLDER` or `--root FOLDER`.",
            )
        if not real.exists():
            raise InputError(f"`path` must be a file or a folder; there is nothing at '{path}'.")
        return real

    # Datasets

    def datasets(self) -> dict[str, DatasetSource]:
        """Return the registered datasets by name, in the order they were added."""
        return {name: DatasetSource(**_tuples(facts)) for name, facts in self._read()["datasets"].items()}

    def add_dataset(self, source: DatasetSource) -> str:
        """Register a dataset and return its name; one of the same name is replaced.

        Raises
        ------
        InputError
            If a path lies outside the roots or does not exist, or a role is unknown.
        """
        for path in source.paths():
            self.check_path(path)
        roles_from(source.roles)
        real = source.resolved()
        name = source.name or Path(real.path).stem
        kept = dataclasses.replace(real, name=name)
        self._put("datasets", name, dataclasses.asdict(kept))
        return name

    def remove_dataset(self, name: str) -> None:
        """Forget a dataset; files and results stay."""
        self._drop("datasets", name)

    def load_dataset(self, name: str) -> Dataset:
        """Read a registered dataset, with the corrections that were made to it.

        Raises
        ------
        InputError
            If the name is unknown, a path lies outside the roots, or the data is wrong.
        """
        source: DatasetSource = self._known("datasets", self.datasets(), name)
        for path in source.paths():
            self.check_path(path)
        dataset = Corrections(self.home).apply(source.load(), name)
        self._remember("datasets", name, dataset.fingerprint)
        return dataset

    # Models

    def models(self) -> dict[str, ModelSource]:
        """Return the registered models by name, in the order they were added."""
        return {name: ModelSource(**facts) for name, facts in self._read()["models"].items()}

    def add_model(self, source: ModelSource) -> str:
        """Register a model and return its name; one of the same name is replaced.

        Raises
        ------
        InputError
            If nobody knows the model's family, or the weights lie outside the roots or do not exist.
        """
        from audit.models import families, parse

        family, known = parse(source.spec).family, families()
        if family not in known:
            raise InputError(f"`model` must begin with a family ({', '.join(known)}); got '{source.spec}'.")
        for path in source.paths():
            self.check_path(path)
        name = source.name or source.spec
        kept = dataclasses.replace(source.resolved(), name=name)
        self._put("models", name, dataclasses.asdict(kept))
        return name

    def remove_model(self, name: str) -> None:
        """Forget a model; weights and results stay."""
        self._drop("models", name)

    def load_model(self, name: str) -> Model:
        """Load a registered model.

        Raises
        ------
        InputError
            If the name is unknown, the weights lie outside the roots, or the specification is wrong.
        """
        source: ModelSource = self._known("models", self.models(), name)
        for path in source.paths():
            self.check_path(path)
        if source.device == "auto":
            source = dataclasses.replace(source, device=read_preferences(self.home).device)
        model = source.load()
        self._remember("models", name, model.fingerprint)
        return model

    # Results

    def runs(
        self, dataset: str | None = None, model: str | None = None, audit: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the provenance of every kept result, newest first, of a dataset, a model, an audit.

        Parameters
        ----------
        dataset, model
            Registered names; a result belongs to them by content once they have been loaded, by name before.
        audit
            An audit's name.
        """
        prints = self._read()["fingerprints"]
        found = [
            facts
            for facts in self.store.list_results()
            if (dataset in {None, facts["dataset"]} or facts["dataset_fingerprint"] == prints["datasets"].get(dataset))
            and (model is None or self._made_by(facts, model, prints["models"]))
            and audit in {None, facts["audit"]}
        ]
        return sorted(found, key=lambda facts: str(facts["created"]), reverse=True)

    def _made_by(self, facts: Mapping[str, Any], model: str, prints: Mapping[str, str]) -> bool:
        if model in prints:
            return bool(facts["model_fingerprint"] == prints[model])
        if facts["model_fingerprint"] in prints.values():
            # It is another one's, whatever both are called.
            return False
        source = self.models().get(model)
        return facts["model"] in {model, source.spec if source else model}

    # The file

    def _known(self, kind: str, sources: Mapping[str, Any], name: str) -> Any:
        if name not in sources:
            known = ", ".join(sources) or "none"
            raise InputError(f"`{kind[:-1]}` must be one of those added ({known}); got '{name}'.")
        return sources[name]

    def _read(self) -> dict[str, Any]:
        empty: dict[str, Any] = {
            "roots": [],
            "datasets": {},
            "models": {},
            "fingerprints": {"datasets": {}, "models": {}},
        }
        try:
            text = self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return empty
        try:
            return {**empty, **json.loads(text)}
        except json.JSONDecodeError as error:
            raise InputError(f"`{self._file}` must be JSON; {error}. Mend it or move it away.") from error

    def _change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        with self._lock:
            before = self._read()
            after = change(before)
            descriptor, temporary = tempfile.mkstemp(dir=self.home, prefix=f".{FILE}-")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(after, file, indent=1)
            Path(temporary).replace(self._file)

    def _put(self, kind: str, name: str, facts: dict[str, Any]) -> None:
        self._change(lambda kept: _without_print({**kept, kind: {**kept[kind], name: facts}}, kind, name))

    def _drop(self, kind: str, name: str) -> None:
        self._change(lambda kept: _without_print({**kept, kind: _without(kept[kind], name)}, kind, name))

    def _remember(self, kind: str, name: str, fingerprint: str) -> None:
        """Keep the content's fingerprint, so that results are found again whatever the data is called."""
        if self._read()["fingerprints"][kind].get(name) != fingerprint:
            self._change(lambda kept: _with_print(kept, kind, {**kept["fingerprints"][kind], name: fingerprint}))


def _without(entries: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {known: value for known, value in entries.items() if known != name}


def _with_print(kept: Mapping[str, Any], kind: str, prints: Mapping[str, str]) -> dict[str, Any]:
    return {**kept, "fingerprints": {**kept["fingerprints"], kind: dict(prints)}}


def _without_print(kept: Mapping[str, Any], kind: str, name: str) -> dict[str, Any]:
    return _with_print(kept, kind, _without(kept["fingerprints"][kind], name))


def _tuples(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Turn JSON's lists back into the tuples that a source holds."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
