"""Two classes that the model confuses: what tells their names apart, and whether the confused images show it.

The idea of FuDD (Esfandiarpoor & Bach, ICLR 2024, arXiv 2311.07593): describe two classes by what differs between
them. Here the descriptions come from the vocabulary (or from a language model) and the images are asked too:

    separation  cos(t, name of the true class) - cos(t, name of the predicted class)
    value       AUROC of cos(image, t), confused images against rightly recognised images of the same class

Attributes are chosen by text alone, so all images may be used to test them. Audit-defined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audit.differences.auroc import auroc, clustered_auroc
from audit.significance import adjust_p_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.differences.halves import Division

ATTRIBUTES = 8
"""Attributes a class."""

CONTENT = ("objects", "attributes", "own concepts")
"""Families that can belong to a class; light and quality belong to a picture."""


def attribute_rows(  # noqa: PLR0917
    phrases: list[str],
    families: dict[str, str],
    vectors: NDArray[np.floating],
    names: tuple[str, str],
    name_vectors: NDArray[np.floating],
    images: NDArray[np.floating],
    division: Division,
) -> list[dict[str, Any]]:
    """Return one row an attribute that separates two class names.

    Parameters
    ----------
    phrases, families, vectors
        The vocabulary and its unit vectors.
    names
        True and predicted class.
    name_vectors
        Their unit vectors, (2, d).
    images
        Unit vectors (n, d).
    division
        A: the confused images; B: what they are compared with.
    """
    separation = vectors @ (name_vectors[0] - name_vectors[1])
    taken = {word for name in names for word in name.lower().split()}
    usable = np.asarray(
        [families[phrase] in CONTENT and not taken & set(phrase.lower().split()) for phrase in phrases], dtype=bool
    )
    _, distinct = np.unique(np.round(vectors, 5), axis=0, return_index=True)
    once = np.zeros(len(phrases), dtype=bool)
    once[distinct] = True
    candidates = np.flatnonzero(usable & once)
    chosen: list[tuple[int, int]] = []
    for own, sign in enumerate((1, -1)):
        order = candidates[np.argsort(-sign * separation[candidates], kind="stable")]
        chosen += [(int(i), own) for i in order[:ATTRIBUTES] if sign * separation[i] > 0]
    rows = np.flatnonzero(division.side >= 0)
    first = division.side[rows] == 0
    if not chosen or min(first.sum(), (~first).sum()) < 2:
        return []
    scores = vectors[[i for i, _ in chosen]] @ images[rows].T
    _, group = np.unique(division.group[rows], return_inverse=True)
    grouped = int(group.max()) + 1 < len(rows)
    found = clustered_auroc(scores, first, group) if grouped else auroc(scores, first)
    p = 2 * np.minimum(found.p_value, 1 - found.p_value)
    q = adjust_p_values(p)
    return [
        {
            "hypothesis": phrases[i],
            "kind": "class_attribute",
            "unit": "",
            "value": float(found.value[row]),
            "low": float(found.low[row]),
            "high": float(found.high[row]),
            "n": float(len(rows)),
            "null": 0.5,
            "p_value": float(p[row]),
            "q_value": float(q[row]),
            "belongs_to": names[own],
            "separation": float(separation[i]),
            "family": families[phrases[i]],
        }
        for row, (i, own) in enumerate(chosen)
    ]
