"""What was assumed, left out and undefined, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from audit.complexity.measures import Measures

METHODS = {"nmf": "NMF", "semi_nmf": "semi-NMF", "sae": "a sparse autoencoder"}


def measure_notes(
    measures: Measures, layers: Mapping[str, Any], *, projection: str, folds: int, repeats: int
) -> list[str]:
    """Return the notes of a result."""
    case, features, reading = measures.case, measures.features, measures.reading
    notes = []
    if reading is None:
        notes.append(f"No complexity: {measures.why_not}.")
    else:
        widths = ", ".join(f"{name} {layer.shape[1]}" for name, layer in layers.items())
        how = "principal components" if projection == "pca" else "random directions"
        notes.append(f"Layers, early to late, with their width after projection to {how}: {widths}.")
        notes.append(
            f"Held out by {repeats} x {folds} folds of {len(case.measured):,} samples in "
            f"{int(case.measured_owner.max()) + 1:,} groups; each feature's penalty is chosen on the training folds."
        )
        count = int(reading.features.negative.sum())
        if count:
            notes.append(
                f"{count:,} of {reading.features.r2.size:,} R2 of features were negative and count as 0 in complexity."
            )
    method = METHODS[features.dictionary.method]
    length = " of length 1" if case.unit else ""
    count = sum(kind == "atom" for kind in features.kinds)
    notes.append(
        f"{count} atoms: {method} on embeddings{length} of {int(case.fitting.sum()):,} samples; codes of all samples "
        "by non-negative least squares; everything is measured on the other samples."
    )
    if measures.importance is None:
        notes.append(f"No importance: {measures.importance_why_not}.")
    dead = [name for name, alive in zip(features.names, features.alive, strict=True) if not alive]
    if dead:
        notes.append(f"{len(dead)} dead features have no complexity: {', '.join(dead[:10])}.")
    unstable = np.flatnonzero(features.stability < 0.5)
    if len(unstable):
        notes.append(
            f"{len(unstable)} atoms are unstable, to be read with care: their partners in dictionaries of other seeds "
            "have a cosine below .5."
        )
    return notes
