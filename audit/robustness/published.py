"""Published values of known models, to show beside the user's.

Robustness index: PathoROB's table (github.com/bifold-pathomics/PathoROB, arXiv 2507.17845) on TCGA 2x2, Camelyon and
Tolkach-ESCA. Probe accuracies: arXiv 2501.18055, table 2. They were measured on those cohorts with their own k; on
other data they give the scale, not a ranking.
"""

from __future__ import annotations

from collections.abc import Mapping

COHORTS: Mapping[str, int] = {"TCGA 2x2": 61, "Camelyon": 11, "Tolkach-ESCA": 46}
"""The cohorts, and the k that their published values were counted at (median over models)."""

ROBUSTNESS_INDEX: Mapping[str, tuple[float, float, float]] = {
    "Virchow2": (0.822, 0.806, 0.955),
    "CONCHv1.5": (0.832, 0.774, 0.951),
    "Atlas": (0.826, 0.785, 0.938),
    "Virchow": (0.761, 0.751, 0.932),
    "H0-mini": (0.794, 0.718, 0.932),
    "Conch": (0.824, 0.662, 0.951),
    "H-optimus-0": (0.812, 0.705, 0.918),
    "UNI2-h": (0.803, 0.544, 0.923),
    "MUSK": (0.727, 0.467, 0.928),
    "HIPT": (0.614, 0.649, 0.726),
    "Prov-GigaPath": (0.738, 0.399, 0.754),
    "Kaiko ViT-B/8": (0.763, 0.147, 0.896),
    "UNI": (0.745, 0.145, 0.902),
    "RETCCL": (0.593, 0.318, 0.878),
    "CTransPath": (0.652, 0.106, 0.872),
    "Kang-DINO": (0.661, 0.043, 0.832),
    "RudolfV": (0.587, 0.184, 0.695),
    "Phikon": (0.623, 0.011, 0.795),
    "Phikon-v2": (0.619, 0.019, 0.768),
    "Ciga": (0.511, 0.135, 0.693),
}
"""Robustness index by model, in the order of :data:`COHORTS`."""

PROBE_ACCURACY: Mapping[str, tuple[float, float]] = {
    "Phikon": (0.829, 0.987),
    "Phikon-v2": (0.830, 0.993),
    "UNI": (0.713, 0.956),
    "UNI2-h": (0.754, 0.960),
    "Virchow2": (0.786, 0.957),
    "H-optimus-0": (0.767, 0.948),
    "Prov-GigaPath": (0.711, 0.934),
}
"""Accuracy of predicting the cancer type and the center, by model."""


def mean_index() -> dict[str, float]:
    """Return each published model's mean robustness index over the three cohorts."""
    return {model: sum(values) / len(values) for model, values in ROBUSTNESS_INDEX.items()}


def published_scores() -> dict[str, dict[str, float]]:
    """Return {score: {model: value}}; a model's robustness index appears once a cohort."""
    cohorts = tuple(COHORTS)
    return {
        "robustness_index": {
            f"{model} ({cohort})": value
            for model, values in ROBUSTNESS_INDEX.items()
            for cohort, value in zip(cohorts, values, strict=True)
        },
        "class_balanced_accuracy": {model: pair[0] for model, pair in PROBE_ACCURACY.items()},
        "center_balanced_accuracy": {model: pair[1] for model, pair in PROBE_ACCURACY.items()},
    }
