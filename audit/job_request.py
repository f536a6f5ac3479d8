"""A request for slow work and the job that it became, as plain data."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from audit.base import canonical, specification
from audit.errors import InputError
from audit.fields import build_audit, fields_of
from audit.result import plain

if TYPE_CHECKING:
    from audit.base import Audit
    from audit.maps import Method

State = Literal["queued", "running", "done", "failed", "cancelled"]
JobKind = Literal["audit", "embed", "map"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class JobRequest:
    """What is asked for; two equal requests are one job.

    Parameters
    ----------
    kind
        ``audit``: run an audit; ``embed``: compute the embeddings; ``map``: compute map coordinates.
    dataset, model
        Registered names.
    audit
        The audit's name, for the kind ``audit``.
    settings
        Parameters of the audit or of the map.
    roles
        Column roles that differ from the dataset's own.
    fingerprint
        The dataset's fingerprint, so that changed data is a new request; may be left empty.
    """

    kind: JobKind
    dataset: str
    model: str
    audit: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    roles: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    fingerprint: str = ""

    def __post_init__(self) -> None:
        # As JSON would give them back, so that a request equals itself after a journey through the job table.
        object.__setattr__(self, "settings", plain(self.settings))
        object.__setattr__(self, "roles", plain(self.roles))

    def specification(self) -> dict[str, Any]:
        """Return the request with the full specification of what is computed: a new version is a new job.

        Raises
        ------
        InputError
            If the kind, the audit or a parameter is wrong.
        """
        from audit.maps import MapCoordinates
        from audit.outputs import Embeddings

        facts = self.facts()
        if self.kind == "audit":
            return {**facts, "settings": specification(build_audit(self.audit, self.settings))}
        if self.kind == "map":
            known = {field.name for field in dataclasses.fields(MapCoordinates)}
            for name in self.settings:
                if name not in known:
                    raise InputError(f"`settings` of a map must be among {', '.join(sorted(known))}; got '{name}'.")
            return {**facts, "settings": specification(MapCoordinates(**self.settings))}
        if self.kind == "embed":
            return {**facts, "settings": specification(Embeddings())}
        raise InputError(f"`kind` must be one of audit, embed, map; got '{self.kind}'.")

    def facts(self) -> dict[str, Any]:
        """Return the request as plain data, ``JobRequest(**facts)`` being equal to it."""
        return dataclasses.asdict(self)

    def job_id(self) -> str:
        """Return the id of the job that this request is.

        Raises
        ------
        InputError
            As :meth:`specification`.
        """
        return hashlib.blake2b(canonical(self.specification()).encode(), digest_size=12).hexdigest()


def audit_request(audit: Audit, dataset: str, model: str, *, fingerprint: str) -> JobRequest:
    """Return the request for an audit's answer, the same whoever asks.

    Parameters
    ----------
    audit
        With its parameters.
    dataset, model
        Registered names.
    fingerprint
        The dataset's.
    """
    settings = {field.name: getattr(audit, field.name) for field in fields_of(audit)}
    return JobRequest(
        kind="audit", dataset=dataset, model=model, audit=audit.name(), settings=settings, fingerprint=fingerprint
    )


def map_request(method: Method, dataset: str, model: str, *, fingerprint: str) -> JobRequest:
    """Return the request for a map with the other parameters at their defaults, the same whoever asks.

    Parameters
    ----------
    method
        ``pca`` or ``umap``.
    dataset, model
        Registered names.
    fingerprint
        The dataset's.
    """
    return JobRequest(kind="map", dataset=dataset, model=model, settings={"method": method}, fingerprint=fingerprint)


@dataclasses.dataclass(frozen=True, kw_only=True)
class JobProgress:
    """How far a job is: the engine's progress, as plain data.

    Parameters
    ----------
    stage
        What is being done, in words.
    done, total
        Images (or steps) finished and altogether.
    rate
        Images a second; 0 while unknown.
    seconds_left
        At that rate; ``None`` while unknown.
    """

    stage: str
    done: int
    total: int
    rate: float
    seconds_left: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """A job as it stands.

    Parameters
    ----------
    id
        The same for equal requests.
    state
        ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
    request
        What was asked for.
    progress
        How far it is; ``None`` before the first report.
    message
        Why it failed, in words for the user.
    result_key
        Key in the store of what it made: a result, embeddings or a map.
    created, started, finished
        Seconds since 1970, ``None`` where it has not come to that.
    """

    id: str
    state: State
    request: JobRequest
    progress: JobProgress | None
    message: str
    result_key: str
    created: float
    started: float | None
    finished: float | None

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in {"queued", "running"}
