"""Run an audit: check what is missing, compute the outputs once, call the audit, keep the result."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from filelock import Timeout

from audit.base import Audit, specification
from audit.entries import DamagedEntry
from audit.errors import Cancelled, InputError
from audit.fields import build_audit, fields_of
from audit.locations import store_folder
from audit.provenance import surroundings

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.progress import Progress
    from audit.result import Result
    from audit.store import Store

__all__ = ["Run", "build_audit", "explain_missing", "fields_of", "result_key", "run"]

LOCK_SECONDS = 0.5
"""How often one who waits for another's result looks whether to stop waiting."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """A result with what it was computed from.

    Parameters
    ----------
    audit
        The audit with its parameters.
    result
        What it found.
    key
        The result's key in the store.
    provenance
        Audit, dataset, model, settings, versions, when and how long: plain data.
    dataset, model
        What the audit was asked about.
    cached
        Whether the result was read from the store rather than computed now.
    """

    audit: Audit
    result: Result
    key: str
    provenance: Mapping[str, Any]
    dataset: Dataset
    model: Model
    cached: bool


def explain_missing(audit: str | Audit, dataset: Dataset, model: Model | None = None) -> list[str]:
    """Return in plain words what keeps an audit from running on a dataset and model; empty when nothing.

    Parameters
    ----------
    audit
        An audit or its name; a name stands for the audit with its default parameters.
    dataset
        The samples.
    model
        A loaded model; predictions and embeddings that came with the data when left out.
    """
    if isinstance(audit, str):
        try:
            audit = build_audit(audit)
        except InputError as error:
            return [str(error)]
    model = model or _precomputed()
    # The options of a model's name would drown the reason.
    return [reason.replace(model.name, model.name.partition("?")[0]) for reason in audit.missing(dataset, model)]


def run(
    audit: str | Audit,
    dataset: Dataset,
    model: Model | None = None,
    *,
    store: Store | None = None,
    settings: Mapping[str, Any] | None = None,
    batch_size: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    force: bool = False,
) -> Run:
    """Ask one question of a model and a dataset.

    The result is kept in the store; asking again with the same audit, parameters, model and data returns it
    without computing anything.

    Parameters
    ----------
    audit
        An audit, or its name.
    dataset
        The samples.
    model
        A loaded model; predictions and embeddings that came with the data when left out.
    store
        Where outputs and results are kept; the store of the home folder when left out.
    settings
        Parameters by field name when ``audit`` is a name; text is read by each field's type.
    batch_size
        Images a batch; chosen by the engine when left out.
    progress
        Called with the stage, how far it is, and the time left.
    cancelled
        Asked now and then; answering True stops the run and leaves what is finished for the next one.
    force
        Compute the result again (the outputs are still taken from the store).

    Returns
    -------
    Run
        The result with key and provenance.

    Raises
    ------
    InputError
        If a parameter is wrong, or the dataset or model lacks something, before anything is computed.
    Cancelled
        If ``cancelled`` answered True.
    """
    from audit import engine

    question = _question(audit, settings)
    model = model or _precomputed()
    if store is None:
        from audit.store import Store

        store = Store(store_folder())
    reasons = question.missing(dataset, model)
    if reasons:
        listed = "; ".join(dict.fromkeys(reasons))
        raise InputError(f"`{question.name()}` cannot run on '{dataset.name}' with {model.name}: {listed}.")
    key = result_key(question, dataset, model, store)
    with _alone(store, key, cancelled):
        kept = None if force else _kept(store, key)
        if kept is None:
            started = time.perf_counter()
            outputs = engine.compute(
                dataset,
                model,
                question.requires(dataset, model),
                store=store,
                batch_size=batch_size,
                progress=progress,
                cancelled=cancelled,
            )
            if cancelled is not None and cancelled():
                raise Cancelled
            result = _complete(question, question(outputs), (*model.notes, *outputs.notes))
            facts = _provenance(question, dataset, model, time.perf_counter() - started)
            store.write_result(key, result, facts)
        else:
            result, facts = kept
    return Run(
        audit=question,
        result=result,
        key=key,
        provenance={**facts, "key": key},
        dataset=dataset,
        model=model,
        cached=kept is not None,
    )


def _question(audit: str | Audit, settings: Mapping[str, Any] | None) -> Audit:
    if isinstance(audit, str):
        return build_audit(audit, settings)
    if settings:
        raise InputError("`settings` must be left out when `audit` is an audit with its parameters already set.")
    return audit


def _precomputed() -> Model:
    from audit.models import load_model

    return load_model("precomputed")


def _complete(question: Audit, result: Result, notes: tuple[str, ...]) -> Result:
    """Add what was left out on the way: it belongs to the score, whoever left it out."""
    settings = {field.name: getattr(question, field.name) for field in fields_of(question)}
    return dataclasses.replace(
        result,
        notes=tuple(dict.fromkeys((*notes, *result.notes))),
        settings={**settings, **result.settings},
    )


@contextlib.contextmanager
def _alone(store: Store, key: str, cancelled: Callable[[], bool] | None) -> Iterator[None]:
    """Hold a result's lock: of two who ask at the same time, one computes and the other reads."""
    lock = store.lock(key)
    while True:
        try:
            lock.acquire(timeout=LOCK_SECONDS)
            break
        except Timeout:
            if cancelled is not None and cancelled():
                raise Cancelled from None
    try:
        yield
    finally:
        lock.release()


def _kept(store: Store, key: str) -> tuple[Result, dict[str, Any]] | None:
    if not store.has_result(key):
        return None
    try:
        return store.read_result(key)
    except DamagedEntry:
        # The store has moved it aside, so it can be computed again.
        return None


def result_key(audit: Audit, dataset: Dataset, model: Model, store: Store) -> str:
    """Return the key of a result: the audit, the keys of its outputs, the data with its roles, and the model."""
    from audit import engine

    return store.key(
        {
            "kind": "result",
            "audit": specification(audit),
            "outputs": [engine.derived_key(extractor, dataset, model) for extractor in audit.requires(dataset, model)],
            "dataset": dataset.fingerprint,
            "model": model.fingerprint,
        },
    )


def _provenance(audit: Audit, dataset: Dataset, model: Model, seconds: float) -> dict[str, Any]:
    return {
        **surroundings(),
        "audit": audit.name(),
        "audit_version": audit.version,
        "dataset": dataset.name,
        "dataset_fingerprint": dataset.fingerprint,
        "samples": len(dataset),
        "roles": dataclasses.asdict(dataset.roles),
        "model": model.name,
        "model_fingerprint": model.fingerprint,
        "model_facts": model.provenance(),
        "settings": specification(audit)["fields"],
        "seconds": round(seconds, 3),
    }


class _Callable(ModuleType):
    """Lets ``audit.run(...)`` work although the package's attribute ``run`` becomes this module on import."""

    __call__ = staticmethod(run)


sys.modules[__name__].__class__ = _Callable
