"""What the set difference says about each score and column, in a sentence: shown beside the number."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "top_auroc": (
        "How often an image of A fits the best phrase better than one of B, on the half that was not searched; 1 is "
        "always. “With no effect” is the best of as many phrases between sets that do not differ: more than .5, "
        "because the best of many is chosen."
    ),
    "significant_hypotheses": "Phrases that pass the corrected test on the half that was not searched.",
    "control_significant_hypotheses": (
        "Phrases that pass when a set is compared with itself in the same way: must be 0."
    ),
    "significant_caption_terms": "Words of the captions that one set has clearly more often.",
    "largest_class_difference": (
        "Largest difference of a class's share between the sets: a phrase may only name that class."
    ),
    "truer_of": "The set whose images fit the phrase better.",
    "difference": "Share of images that show it, A less B.",
    "prevalence_a": "Share of A's images that show it, by the phrase's threshold.",
    "prevalence_b": "Share of B's images that show it.",
    "trust_band": (
        "How often top phrases of that AUROC were right in published pairs of sets whose difference was known."
    ),
    "source": "Who proposed it.",
    "family": "The vocabulary's family that it is from.",
    "stands_for": "Other phrases that say the same of these images, and are not listed.",
    "p_best_of_many": "How often the best of all phrases reaches this AUROC between sets that do not differ.",
    "threshold": "Likeness from which an image is said to show the phrase.",
    "log_odds": "How much more often the word is used for A than for B, in log odds.",
}
"""By name, as in ``overall`` and ``by_group``: unit, direction, what no effect would give."""

LABELS: Mapping[str, str] = {
    "a": "Set A",
    "b": "Set B",
    "proposers": "Phrases proposed by",
    "families": "Families of the vocabulary",
    "concepts": "Concepts of your own",
    "match_classes": "Match the classes",
    "control": "Compare a set with itself too",
    "prompts": "Sentences around a phrase",
    "k": "Phrases a proposer and set",
    "correction": "Correction for many tests",
    "draws": "Permutations",
    "seed": "Random seed",
}
"""What the parameters are called in the form."""
