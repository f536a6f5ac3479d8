"""Tags, notes and corrected labels of one dataset: append-only, so that nobody's work overwrites another's.

What holds is read off the events: of each sample and tag the last act counts, unless it was taken back. Taking back
is an act too, and can be taken back itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.events import UNDO, Event, EventLog, standing

if TYPE_CHECKING:
    from audit.database import Database
    from audit.dataset import Dataset

TAG, UNTAG, NOTE, LABEL = "tag", "untag", "note", "label"
"""Kinds of events; a label that is ``None`` withdraws the correction."""

TAG_COLUMN, NOTE_COLUMN, LABEL_COLUMN = "tags", "notes", "corrected_label"
BY_COLUMN, AT_COLUMN = "curated_by", "curated_at"

_LONGEST_TAG = 60
_LONGEST_NOTE = 4_000


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Curated:
    """What holds at one moment.

    Parameters
    ----------
    tags
        Columns ``sample_id``, ``tag``, ``author``, ``created``; one row a sample and tag.
    notes
        Columns ``sample_id``, ``note``, ``author``, ``created``; every note that was not taken back.
    labels
        Columns ``sample_id``, ``label``, ``author``, ``created``; one row a corrected sample.
    passed_over
        Samples whose image has changed since they were curated, or that are no longer there.
    """

    tags: pd.DataFrame
    notes: pd.DataFrame
    labels: pd.DataFrame
    passed_over: tuple[str, ...]

    @property
    def samples(self) -> list[str]:
        """Ids of every sample that has a tag, a note or a corrected label."""
        parts = [self.tags["sample_id"], self.notes["sample_id"], self.labels["sample_id"]]
        return list(dict.fromkeys(str(sample) for part in parts for sample in part))

    def tag_counts(self) -> dict[str, int]:
        """Return how many samples each tag has, the most used first."""
        return {str(tag): int(n) for tag, n in self.tags["tag"].value_counts().items()}


class Curation:
    """The curation of one dataset.

    Parameters
    ----------
    database
        Where it is kept.
    dataset
        The samples; the hashes of their images are kept with every act.
    name
        The dataset's name in the workspace.
    """

    def __init__(self, database: Database, dataset: Dataset, name: str) -> None:
        self.log = EventLog(database)
        self.dataset = dataset
        self.name = name

    @property
    def stream(self) -> str:
        """Name of the dataset's stream of events."""
        return f"curation:{self.name}"

    def tag(self, samples: Sequence[str], tag: str, *, author: str, source: str = "") -> str:
        """Give samples a tag and return the event's id.

        Parameters
        ----------
        samples
            Their ids.
        tag
            A short word or phrase.
        author
            Who.
        source
            Where the selection came from, for the record.

        Raises
        ------
        InputError
            If there is no sample, an unknown one, no tag or no author.
        """
        return self._append(TAG, {"tag": checked_tag(tag), "source": source}, samples, author)

    def untag(self, samples: Sequence[str], tag: str, *, author: str) -> str:
        """Take a tag off samples and return the event's id; see :meth:`tag`."""
        return self._append(UNTAG, {"tag": checked_tag(tag)}, samples, author)

    def note(self, samples: Sequence[str], text: str, *, author: str) -> str:
        """Write a note on samples and return the event's id; see :meth:`tag`."""
        words = text.strip()
        if not words or len(words) > _LONGEST_NOTE:
            raise InputError(f"`note` must have 1 to {_LONGEST_NOTE} letters; got {len(words)}.")
        return self._append(NOTE, {"note": words}, samples, author)

    def correct_label(self, samples: Sequence[str], label: str | None, *, author: str) -> str:
        """Say what the label of samples should be, ``None`` to withdraw it, and return the event's id."""
        words = None if label is None else label.strip()
        if words == "":
            raise InputError("`label` must be a class; got an empty text. Withdraw a correction with None.")
        return self._append(LABEL, {"label": words}, samples, author)

    def undo(self, event: str, *, author: str) -> str:
        """Take an act back, an earlier undo included, and return the new event's id.

        Raises
        ------
        InputError
            If there is no such act on this dataset.
        """
        if event not in {known.id for known in self.events()}:
            raise InputError(f"`event` must be an act on '{self.name}'; got '{event}'.")
        return self.log.append(self.stream, UNDO, {"event": event}, author=author)

    def events(self) -> list[Event]:
        """Return every act, the oldest first."""
        return self.log.read(self.stream) if self.log.database.exists else []

    def newest(self) -> int:
        """Return the number of the last act: whoever shows the state looks whether it has grown."""
        return self.log.newest(self.stream) if self.log.database.exists else 0

    def current(self) -> Curated:
        """Return what holds now."""
        held = standing(self.events())
        pairs = self.log.samples(self.stream) if held else pd.DataFrame(columns=["event", "sample_id", "content"])
        pairs = pairs[pairs["event"].isin([event.number for event in held])]
        fresh = self._unchanged(pairs)
        gone = tuple(dict.fromkeys(pairs.loc[~fresh, "sample_id"]))
        acts = pd.DataFrame(
            [(e.number, e.kind, e.payload.get(_FIELD.get(e.kind, ""), None), e.author, e.created) for e in held],
            columns=["event", "kind", "what", "author", "created"],
        )
        rows = pairs[fresh].merge(acts, on="event", how="inner").sort_values("event", kind="stable")
        tags = rows[rows["kind"].isin([TAG, UNTAG])].drop_duplicates(["sample_id", "what"], keep="last")
        labels = rows[rows["kind"] == LABEL].drop_duplicates("sample_id", keep="last")
        return Curated(
            tags=_named(tags[tags["kind"] == TAG], "tag"),
            notes=_named(rows[rows["kind"] == NOTE], "note"),
            labels=_named(labels[labels["what"].notna()], "label"),
            passed_over=gone,
        )

    def _unchanged(self, pairs: pd.DataFrame) -> np.ndarray:
        content = pd.Series(self.dataset.content_hashes, index=self.dataset.index)
        found = content.reindex(pairs["sample_id"]).to_numpy()
        return np.asarray(found == pairs["content"].to_numpy(), dtype=bool)

    def _append(self, kind: str, payload: Mapping[str, Any], samples: Sequence[str], author: str) -> str:
        ids = list(dict.fromkeys(str(sample) for sample in samples))
        if not ids:
            raise InputError("`samples` must name at least one sample; got none.")
        rows = self.dataset.index.get_indexer(pd.Index(ids))
        if (rows < 0).any():
            raise InputError(
                f"`samples` must be of '{self.name}'; '{ids[int(np.flatnonzero(rows < 0)[0])]}' is not one."
            )
        content = self.dataset.content_hashes
        hashes = {sample: content[row] for sample, row in zip(ids, rows.tolist(), strict=True)}
        return self.log.append(self.stream, kind, payload, author=author, samples=hashes)


_FIELD = {TAG: "tag", UNTAG: "tag", NOTE: "note", LABEL: "label"}


def _named(rows: pd.DataFrame, what: str) -> pd.DataFrame:
    return rows[["sample_id", "what", "author", "created"]].rename(columns={"what": what}).reset_index(drop=True)


def checked_tag(tag: str) -> str:
    """Return a tag as it is kept.

    Raises
    ------
    InputError
        If it is empty, too long, or holds a comma, which separates tags in exports.
    """
    words = " ".join(tag.split())
    if not words or len(words) > _LONGEST_TAG:
        raise InputError(f"`tag` must have 1 to {_LONGEST_TAG} letters; got {len(words)}.")
    if "," in words or ";" in words:
        raise InputError(f"`tag` must be without commas and semicolons, which separate tags in files; got '{words}'.")
    return words


def curated_table(dataset: Dataset, curated: Curated) -> pd.DataFrame:
    """Return the metadata with what people added beside it; nothing of the original is overwritten.

    Parameters
    ----------
    dataset
        The samples.
    curated
        What holds.

    Returns
    -------
    DataFrame
        Columns ``tags`` (joined by semicolons), ``notes``, ``corrected_label``, ``curated_by`` and ``curated_at``
        after the dataset's own; missing where nobody did anything.
    """
    added = pd.DataFrame(index=dataset.index)
    added[TAG_COLUMN] = _joined(curated.tags, "tag", "; ")
    added[NOTE_COLUMN] = _joined(curated.notes, "note", " / ")
    added[LABEL_COLUMN] = curated.labels.set_index("sample_id")["label"].astype("str")
    everything = pd.concat([curated.tags, curated.notes, curated.labels], ignore_index=True)
    added[BY_COLUMN] = _joined(everything, "author", "; ")
    added[AT_COLUMN] = everything.groupby("sample_id")["created"].max().astype("str")
    kept = [column for column in dataset.metadata.columns if column not in added.columns]
    return dataset.metadata[kept].join(added)


def corrected_labels(dataset: Dataset, table: pd.DataFrame) -> pd.Series[Any]:
    """Return the labels with the corrections in their place.

    Parameters
    ----------
    dataset
        Its role says which column holds the labels.
    table
        As :func:`curated_table` leaves it.
    """
    corrected = table[LABEL_COLUMN]
    if dataset.roles.label is None:
        return corrected
    return corrected.where(corrected.notna(), table[dataset.roles.label].astype("str"))


def _joined(rows: pd.DataFrame, column: str, separator: str) -> pd.Series[str]:
    """Return each sample's distinct values as one text, in the order they came."""
    once = rows[["sample_id", column]].astype("str").drop_duplicates()
    return once.groupby("sample_id", sort=False)[column].agg(separator.join).astype("str")
