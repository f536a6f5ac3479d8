"""What a reader must know about halves, captions and what could not be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.differences.captions import not_english

if TYPE_CHECKING:
    from audit.audits.set_difference import SetDifference
    from audit.dataset import Dataset
    from audit.differences.halves import Division

NO_RANKER = (
    "The model has no text encoder: neither the vocabulary nor the ranking of phrases by images is available. What "
    "captions say was tested by Fisher's exact test instead."
)
NOT_ENGLISH = (
    "The captions seem not to be English: their terms are counted as they are written, but most text encoders read "
    "English only, so trust what captions say more than the ranking."
)


def describe(
    audit: SetDifference,
    dataset: Dataset,
    division: Division,
    captions: list[str] | None,
    *,
    ranks: bool,
    controlled: bool,
) -> list[str]:
    """Return the notes of a run.

    Parameters
    ----------
    audit
        With its parameters.
    dataset
        The samples.
    division
        Sets, halves, groups.
    captions
        Of every sample; ``None`` without any.
    ranks
        Whether the model could rank phrases.
    controlled
        Whether a set was compared with itself.
    """
    sizes = [len(division.rows(side, validate=half)) for half in (False, True) for side in (0, 1)]
    kept = "images of one group_id" if dataset.roles.group_id is not None else "near-duplicates"
    halves = (
        f"Phrases were proposed on {sizes[0]:,} images of A and {sizes[1]:,} of B and tested on the other "
        f"{sizes[2]:,} and {sizes[3]:,}; {kept} stay in the same half, seed {audit.seed}."
    )
    notes = [halves]
    if audit.match_classes:
        notes.append("Samples were left out at random until every class was equally frequent in both sets.")
    if not ranks:
        notes.append(NO_RANKER)
    if captions is not None:
        notes += _about_captions(captions, division)
    elif "captions" in audit.proposers:
        notes.append("There are no captions: only the vocabulary proposed phrases.")
    if controlled:
        notes.append("Control: the larger set was halved at random and compared with itself in the same way.")
    elif audit.control:
        notes.append("The control was not run: it needs a set of 24 samples at least, in 8 groups.")
    return notes


def _about_captions(captions: list[str], division: Division) -> list[str]:
    notes = []
    used = [captions[row] for row in np.flatnonzero(division.side >= 0).tolist()]
    empty = sum(not caption.strip() for caption in used)
    if empty:
        notes.append(
            f"{empty:,} of {len(used):,} samples have an empty caption and were left out of what captions say."
        )
    if not_english(used):
        notes.append(NOT_ENGLISH)
    return notes
