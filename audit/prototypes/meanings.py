"""What the audit of prototypes says about each score and column, in a sentence: shown beside the number."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "fidelity": (
        "How often the class of the nearest typical picture is the model's answer: whether typical pictures stand for "
        "what the model does."
    ),
    "calibrated_fidelity": "The same with class means, those of small classes drawn towards similar classes (TEEN).",
    "coverage": (
        "Share of the samples that are nearer to a typical picture of their class than half of the class's pairs are "
        "to each other. “With no effect” is as many pictures drawn at random."
    ),
    "consistency": (
        "Share of the parts that meet the same thing in at least 4 of 5 images; without annotations, things are "
        "clusters of another look at the patches."
    ),
    "stability": "Share of the parts' images in which the same thing is met when noise is added.",
    "purity": "Share of a part's ten most similar images in which it meets the same thing.",
    "distinctiveness": "How little the parts of a class overlap; 1: not at all, 0: all the same place.",
    "deletion_auc": (
        "Mean probability of the class while the hottest places are removed first; below random order (“with no "
        "effect”): the heat marks what matters."
    ),
    "insertion_auc": (
        "Mean probability of the class while the hottest places come in first; above random order: the heat marks "
        "what matters."
    ),
    "comprehensiveness": (
        "Probability lost with the hottest places of the image; more than with as many random ones is good."
    ),
    "removal_agreement": (
        "Rank correlation between what a part is said to contribute and what is lost when its places are removed; 1 "
        "is perfect, 0 none."
    ),
    "randomised_agreement": (
        "How alike heat maps are when the network's weights are shuffled; 1: the heat does not come from what was "
        "learned, which is bad."
    ),
    "decomposition_gap": (
        "With a linear head on the mean of the features: largest difference between the sum of the parts' "
        "contributions and the logit; must be 0 but for rounding."
    ),
    "unexplained_weights": (
        "Share of a class's weights that lies outside its parts and is divided equally over them; 0: the parts are "
        "the class."
    ),
    "relevance": (
        "Share of the heat that lies on the subject. “With no effect” is the share of the image that the subject "
        "covers."
    ),
    "typical_relevance": "The same for typical pictures.",
    "boundary_relevance": "The same for borderline pictures.",
    "identity_control": "What an unchanged image loses in likeness: must be exactly 0.",
    "samples": "Samples of the class.",
    "sample": "The picture.",
    "on_subject": (
        "Share of the heat that lies on the subject; an even heat map gives the share of the image that the subject "
        "covers."
    ),
    "because": "The characteristic without which most is lost; “undecided” where none clearly leads.",
    "usual_likeness": "How alike the part is to the images that it stands for.",
    "misleading": "Looks alike to people for another reason than to the model.",
    "other_part": "The part that this one repeats.",
    "contribution": "What the part adds to the class's score.",
    "unexplained": "Share of the class that its parts leave over.",
    "cell": "Place of the part in the feature map.",
    "part": "The part prototype.",
    "characteristic": "What was changed in the image.",
    "relative_drop": "Share of the likeness that is lost.",
    "moved": "Share of the images in which the most similar place moved.",
    "matters": "Whether the loss passes the corrected test.",
    "rival": "The class that the samples are told from.",
    "lead_drop": "How much of the lead over that class is lost, in likeness.",
    "strength": "Strength of the change; 1 is the reference's own.",
    "pixel_change": "Root mean square change of the pixels, of 255.",
    "order": "Order in which places are removed.",
    "gone": "Share of the image that is removed.",
}
"""By name, as in ``overall`` and ``by_group``: unit, direction, what no effect would give."""

LABELS: Mapping[str, str] = {
    "by": "A class is",
    "source": "Answers from",
    "reference_split": "Split that prototypes come from",
    "method": "Typical samples chosen by",
    "k": "Typical samples a class",
    "classes": "Classes to look at",
    "limit": "Most classes",
    "parts": "Parts a class",
    "images": "Images a class searched for parts",
    "explained": "Images that are changed",
    "doses": "Further strengths of the changes",
    "equalised": "Changes of equal size",
    "similarity": "Similarity of places",
    "curves": "Images that test the heat maps",
    "checkpoint": "Trained prototypes (file)",
    "correction": "Correction for many tests",
    "draws": "Bootstrap draws",
    "seed": "Random seed",
}
"""What the parameters are called in the form."""
