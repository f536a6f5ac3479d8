"""What the reader of the scores must know: what was left out, assumed, undefined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.prototypes.modifications import CHARACTERISTICS
from audit.prototypes.selection import MOST_PAIRED

if TYPE_CHECKING:
    from audit.prototypes.case import Case
    from audit.prototypes.chosen import Nearest, Prototypes
    from audit.prototypes.evidence import Evidence
    from audit.prototypes.reasons import Reasons

SMALL = 10

PSEUDO = (
    "Consistency, stability and purity rest on pseudo-parts (k-means of colours, edges and position), because nobody "
    "annotated parts; the hollow diamond is what random places would give."
)


def selection_notes(case: Case, prototypes: Prototypes, nearest: Nearest, *, k: int) -> list[str]:
    """Return notes on classes that are small, large, alone or lack prototypes."""
    counts = np.bincount(case.code[case.reference & (case.code >= 0)], minlength=len(case.classes))
    held = counts > 0
    notes = []
    few = int((held & (counts < k)).sum())
    if few:
        notes.append(
            f"{few:,} of {int(held.sum()):,} classes have fewer than {k} samples: each of theirs is a prototype."
        )
    small = int((held & (counts < SMALL)).sum())
    if small:
        large = bool((counts >= SMALL).any())
        done = (
            "were drawn towards the large classes they resemble (TEEN)"
            if large
            else ("could not be calibrated, because no class is larger")
        )
        notes.append(f"{small:,} classes have fewer than {SMALL} samples; their means {done}.")
    if not held.all():
        notes.append(f"{int((~held).sum()):,} classes have no sample that prototypes may come from.")
    if int(held.sum()) == 1:
        notes.append("There is one class only: no sample is borderline, and fidelity says nothing.")
    if (counts > MOST_PAIRED).any():
        notes.append(f"Of classes above {MOST_PAIRED:,} samples as many were drawn before prototypes were chosen.")
    lost = int((case.tested & (nearest.prototype < 0)).sum())
    if lost:
        notes.append(f"{lost:,} samples have no prototype that is not of their own group or a copy of them.")
    if case.by == "prediction" and not prototypes.critic_row.size:
        notes.append("A class holds what the model calls by its name, its mistakes included.")
    return notes


def evidence_notes(case: Case, evidence: Evidence, reasons: Reasons, *, limit: int, equalised: bool) -> list[str]:
    """Return notes on how parts were found and what their reasons rest on."""
    rows, columns = (int(side) for side in evidence.grid)
    linear = bool(evidence.linear[0])
    notes = [
        f"Parts were sought in the {len(evidence.codes):,} largest of {len(case.classes):,} classes at most {limit}; "
        f"features have {rows} x {columns} places."
        if len(evidence.codes) < len(case.classes)
        else f"Features have {rows} x {columns} places an image; no heat map is finer than that.",
        "Heat maps are an exact split of the logit over places and parts: the logits are a linear layer on the mean of "
        "the features."
        if linear
        else "Heat maps are similarity, not decomposition: the logits are no linear layer on the mean of the features.",
        PSEUDO,
    ]
    if linear:
        share = float(np.nanmean(evidence.parts.unexplained))
        notes.append(
            f"The parts' directions span {100 * (1 - share):.0f} % of the length of the classes' weights; the rest "
            f"({100 * share:.0f} %) is divided equally over the parts, so that contributions sum to the logit."
        )
    control = evidence.likeness.identity
    if control.size:
        worst = float(np.abs(control).max())
        said = "exactly 0, as it must be" if worst == 0 else f"{worst:.2g} instead of 0: the device is not repeatable"
        notes.append(f"The control that changes nothing gives {said} ({control.shape[0]} images).")
    grey = int(evidence.likeness.grey.sum())
    if grey:
        notes.append(f"{grey:,} of the explained images are grey: their hue and saturation are 0 by construction.")
    if equalised:
        told = ", ".join(
            f"{name} {strength:.2f}" for name, strength in zip(CHARACTERISTICS, evidence.strengths[0], strict=True)
        )
        notes.append(f"Strengths that change the pixels by as much, in units of the reference's: {told}.")
    else:
        change = np.nanmean(evidence.likeness.rms[0], axis=1)
        told = ", ".join(f"{name} {value:.0f}" for name, value in zip(CHARACTERISTICS, change, strict=True))
        notes.append(f"The five changes are of different size; root mean square in grey levels: {told}.")
    without = sum(1 for images in reasons.images if len(images) == 0)
    if without:
        notes.append(f"{without:,} parts have no image to be explained over besides their own group.")
    return notes
