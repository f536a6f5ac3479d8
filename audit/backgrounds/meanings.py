"""What the audit of backgrounds says about each score and column, in a sentence: shown beside the number."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "accuracy": "Share of samples that are predicted rightly, on any background.",
    "drop": (
        "Accuracy on a class's usual background less that on its unusual ones, mean over classes; 0: backgrounds do "
        "not matter. The interval is over classes: what to expect of classes like these."
    ),
    "drop_micro": "The same over all images together: large classes count more.",
    "common_accuracy": "Mean over classes of the accuracy on the usual background.",
    "counter_accuracy": "Mean over classes of the accuracy on unusual backgrounds.",
    "effective_robustness": (
        "Accuracy on unusual backgrounds less what published models of the same accuracy on usual ones reach; below "
        "0: more is lost than lower accuracy explains."
    ),
    "background_reliance": (
        "Where label and background disagree: how often the answer is the background's class, beyond chance; 0: never "
        "more than chance, 1: always."
    ),
    "conflict_follows_label": "Where label and background disagree: share of answers that are the label.",
    "conflict_follows_background": (
        "Where label and background disagree: share of answers that are the class usually seen there."
    ),
    "conflict_follows_neither": "Where label and background disagree: share of answers that are neither.",
    "relative_foreground_sensitivity": (
        "Whether noise on the subject hurts more than equal noise on the background: above 0 the model looks at the "
        "subject, below 0 at the background; from -1 to 1."
    ),
    "bg_gap": (
        "Accuracy with another background of the same class less that with one of any class (ImageNet-9's BG-Gap); 0: "
        "backgrounds do not matter."
    ),
    "challenge_accuracy": "Share of images whose answer is right on every exchanged background.",
    "background_alone": (
        "With the subject covered: how often the answer is still the class that the background implies. “With no "
        "effect” is guessing among the classes."
    ),
    "why": "Why the row has no value.",
    "common": "The usual background.",
    "counter": "The unusual one.",
    "common_n": "Images on the usual background.",
    "counter_n": "Images on the unusual one.",
    "answer": "What the model says instead.",
    "count": "How many images.",
    "intervention": "What was done to the images.",
    "accuracy_before": "Accuracy on the same images unchanged.",
    "flip_rate": "Share of images whose answer changes.",
    "p_true_change": "Mean change of the probability given to the label.",
    "follows_label": "Share of the answers that are the label.",
    "follows_background": "Share of the answers that are the background's class.",
    "follows_neither": "Share of the answers that are neither.",
    "predictivity": "How well the label can be told from this attribute alone (balanced accuracy).",
    "availability": "How well this attribute can be read from the embedding (balanced accuracy of a linear probe).",
    "predictivity_chance": "What guessing would give for predictivity.",
    "availability_chance": "What guessing would give for availability.",
    "low_over_images": "Lower end of the interval over images: these classes, other pictures of them.",
    "high_over_images": "Upper end of the interval over images.",
    "foreground": "Accuracy with noise on the subject.",
    "background": "Accuracy with noise on the background.",
    "same": "Accuracy with another background of the same class.",
    "random": "Accuracy with a background of any class.",
}
"""By name, as in ``overall`` and ``by_group``: unit, direction, what no effect would give."""

LABELS: Mapping[str, str] = {
    "background": "Column of backgrounds",
    "side": "Column of common and counter",
    "pairs": "Common and counter told by",
    "protocol": "Answers among",
    "source": "Answers from",
    "prompt": "Sentence for ImageNet's names",
    "interventions": "Changes of the images",
    "region": "The subject's place from",
    "cut": "Changes of the subject follow",
    "name_backgrounds": "The model names backgrounds",
    "backgrounds": "Words for backgrounds",
    "axes": "Axes of the published line",
    "n_min": "Smallest side of a discovered pair",
    "correction": "Correction for many tests",
    "draws": "Bootstrap draws",
    "seed": "Random seed",
}
"""What the parameters are called in the form."""
