"""What the robustness index says about each score and column, in a sentence: shown beside the number."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "robustness_index": (
        "Among neighbours that share just one thing with a sample: share that has its class rather than its center; "
        "1: only the class counts, 0: only the center. p asks whether neighbours share a center more often than their "
        "classes explain."
    ),
    "lift": (
        "The index against its chance level in log odds; 0 is chance, above 0 the class counts more. Not defined "
        "where the index is 0 or 1."
    ),
    "reweighted_robustness_index": (
        "The index after both kinds of neighbours are weighed by how many there are to be found: chance is .5 "
        "whatever the numbers of classes and centers."
    ),
    "robustness_index_2501": (
        "The older ratio (arXiv 2501.18055): neighbours of the same class divided by neighbours of the same center; "
        "above 1 the class dominates."
    ),
    "confounder_insensitivity": (
        "Neighbours of another center divided by neighbours of the same center; higher: the center matters less."
    ),
    "generalization_index": (
        "How well what holds within a center holds across centers, from the four kinds of neighbours; 1 is chance. "
        "Not defined where a kind of neighbours does not occur."
    ),
    "in_center_share": "Among neighbours of the same center: share of the same class.",
    "out_of_center_share": (
        "Among neighbours of other centers: share of the same class. Not defined where no neighbour is of another "
        "center."
    ),
    "class_balanced_accuracy": "How well neighbours of other groups tell the class (mean over classes).",
    "center_balanced_accuracy": (
        "How well neighbours of other groups tell the center (mean over centers): how much of the center is in the "
        "embedding."
    ),
    "croma": (
        "CRoMa: median over samples of (distance to the same center and other class less distance to the same class "
        "and other center) over their sum; above 0 the class is nearer, from -1 to 1."
    ),
    "mari": "The index with near neighbours counting more than far ones (MaRI); 1: only the class, 0: only the center.",
    "ltm10": "Mean of the lowest tenth of the margins (LTM10): how badly off the worst samples are; from -1 to 1.",
    "f0": "Share of the samples whose margin is 0 or less: nearer to their center than to their class; 0 is best.",
    "center_error_share": (
        "Among a wrong answer's neighbours of the wrongly predicted class: share that comes from the sample's own "
        "center; above chance: the center misleads."
    ),
    "average_performance_drop": (
        "Relative change of a classifier's accuracy when class and center go together in its training; 0: no harm, "
        "below 0: it learnt the center."
    ),
    "nipd": (
        "The same integrated over how strongly class and center go together, with chance as the floor; 0: no harm, "
        "-1: down to chance."
    ),
    "clustering_score": (
        "How well clusters agree with the classes, less how well with the centers (adjusted Rand indices); above 0: "
        "clusters are classes."
    ),
    "ilisi": "How well centers are mixed among neighbours (iLISI); 1: wholly, 0: every center by itself.",
    "clisi": "How well classes stay apart among neighbours (cLISI); 1: wholly.",
    "kbet": "Share of neighbourhoods whose centers are mixed as everywhere (kBET); 100 % is best.",
    "without_center": "What the index would be if centers were dealt at random within each class.",
    "k": "Neighbours counted.",
    "chosen": "The number of neighbours that the headline uses.",
    "ss": "Share of neighbours of the same class and the same center.",
    "so": "Share of neighbours of the same class and another center.",
    "os": "Share of neighbours of another class and the same center.",
    "oo": "Share of neighbours of another class and another center.",
    "class_accuracy": "How well neighbours of other groups tell the class (balanced accuracy).",
    "older_index": "Same class divided by same center; above 1 the class dominates.",
    "reweighted": "The index with chance moved to .5.",
    "taken_for": "The center that neighbours say.",
    "cramers_v": "How strongly class and center go together in the training set; 0: not at all, 1: wholly.",
    "performance_drop": "Relative change of accuracy against the unbiased training set.",
    "leak": "Whether the method was told the classes: it then may look better than it is.",
    "factor": "Whose share of the variance this is.",
    "layer": "The layer, early to late.",
    "model": "The published model.",
    "cohort": "The published data set.",
}
"""By name, as in ``overall`` and ``by_group``: unit, direction, what no effect would give."""

LABELS: Mapping[str, str] = {
    "subset": "Column of subsets",
    "k": "Neighbours counted (k)",
    "k_max": "Most neighbours",
    "m": "Neighbours in a margin (m)",
    "draws": "Bootstrap draws",
    "probes": "Probes, performance drop, clusters",
    "repeats": "Divisions for the performance drop",
    "mitigation": "Try mitigations",
    "stain": "Common stain colour",
    "layers": "Variance in every layer",
    "mixing": "Mixing scores (iLISI, cLISI, kBET)",
    "sample_limit": "Most samples",
    "seed": "Random seed",
}
"""What the parameters are called in the form."""
