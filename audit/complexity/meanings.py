"""What the audit of complexity says about each score and column, in a sentence: shown beside the number."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "mean_complexity": (
        "Mean complexity of the features: 0: the first layers give them away, 1: only the last ones, or none, do. "
        "“With no effect” is shuffled features."
    ),
    "mean_complexity_small": "The same with the smaller probe dimension: whether complexity depends on that choice.",
    "class_complexity": "Complexity of the class itself: how late it can be read.",
    "attribute_complexity": (
        "Complexity of the background, the center, or the simplest attribute: how late it can be read."
    ),
    "complexity_difference": (
        "Complexity of that attribute less that of the class; below 0: the attribute is at hand before the class is, "
        "and so may serve as a shortcut."
    ),
    "complexity_importance_correlation": (
        "Rank correlation over features; below 0: the answers rest on simple features."
    ),
    "intrinsic_dimension": "How many directions the data truly vary in (maximum likelihood over 20 neighbours).",
    "intrinsic_dimension_twonn": "The same from the two nearest neighbours alone (TwoNN).",
    "label_sharpness": (
        "Largest label difference per distance between two samples' embeddings: 1 / distance of the closest pair of "
        "different classes."
    ),
    "label_sharpness_quantile": "Its 99.9 % quantile over pairs of different classes: does not hang on one pair.",
    "label_sharpness_pixels": "Label sharpness between the pixels of the images.",
    "label_sharpness_quantile_pixels": "Its 99.9 % quantile in pixels.",
    "shortcut_candidates": "Features that are simple, important and tied to an attribute; with no effect none.",
    "dictionary_fit": "Share of the activations that the features can rebuild; 100 % is all.",
    "atom_stability": "How alike features are when the dictionary is fitted again from other starts; 1 is the same.",
    "redundancy": "How much of a feature a random half of the channels still holds (ratio of CKA); 1: all of it.",
    "sparsity": "How few channels a feature is made of (Hoyer); 1: one, 0: all alike.",
    "noise_change": (
        "How much the features move under noise in the image, in parts of their own variance; 0: not at all, 2: as "
        "far as another image."
    ),
    "negative_r2": "Share of probes that did worse than the mean and were counted as 0.",
    "diversity_auroc": "How well an image's variance of activations tells its wrong answers; .5 is chance.",
    "confidence_auroc": "How well the model's own confidence tells its wrong answers; .5 is chance.",
    "of": "What the score is about.",
    "quadrant": "Simple or complex (split at the median), important or minor (half of an equal part of the answers).",
    "importance": "Share of the answers that rests on the feature: mean of |gradient x activation|.",
    "sign": "Whether the feature raises the answers it bears on (towards 1) or lowers them (towards -1).",
    "promotes": "The class whose score the feature raises most.",
    "inhibits": "The class whose score it lowers most.",
    "shortcut_candidate": "Simple, important, and tied to an attribute, if only weakly.",
    "tied_to": (
        "The attribute's value that the feature goes with most, where that holds after correction (from 6 % of its "
        "variance on); from 25 % on the tie is clear and the feature is called after it."
    ),
    "association": (
        "Share of the feature's variance that goes with having that value of the attribute; 0: none, 1: all; below "
        ".25 no clear tie."
    ),
    "association_auroc": "How well the feature tells that value of the attribute; .5 is chance.",
    "class_association": "Share of the feature's variance that the class explains.",
    "complexity_small": "Complexity with the smaller probe dimension.",
    "first_layer": "The first layer whose probe reaches half of the best one.",
    "negative_layers": "Layers in which the probe did worse than the mean.",
    "stability": "How alike this feature is when the dictionary is fitted again; 1 is the same.",
    "best_r2": "Best share of its variance that any layer's probe explains.",
    "layers_earlier": "How many layers the attribute can be read before the class.",
    "predictivity": "How well the label can be told from this attribute alone (balanced accuracy).",
    "availability": "How well this attribute can be read from the embedding.",
    "complexity": "Complexity of the attribute.",
    "attribute": "The column.",
    "k": "Neighbours that the estimate rests on.",
    "feature": "What is read.",
    "layer": "From where.",
    "unique": "Share that this factor alone explains.",
    "shared": "Share that it explains together with the others.",
    "distance": "Distance of the two samples.",
    "space": "Where the distance is taken: embedding or pixels.",
    "method": "How the dimension is estimated.",
    "beta": "Threshold of merging: channels nearer than this part of the largest distance are merged.",
    "surviving": "Channels that are left.",
}
"""By name, as in ``overall`` and ``by_group``: unit, direction, what no effect would give."""

LABELS: Mapping[str, str] = {
    "atoms": "Features to find (atoms)",
    "method": "How they are found",
    "channels": "Raw channels",
    "dimension": "Probe dimension",
    "small_dimension": "Second probe dimension",
    "projection": "Projection of the layers",
    "folds": "Cross-validation folds",
    "repeats": "Divisions into folds",
    "dictionary_seeds": "Dictionaries fitted",
    "pairs": "Pairs of close classes",
    "noise": "Input noise",
    "merged_accuracy": "Thresholds of the merged model",
    "layout": "Map of the features",
    "fewest": "Fewest samples of a value",
    "correction": "Correction for many tests",
    "sample_limit": "Most samples",
    "seed": "Random seed",
}
"""What the parameters are called in the form."""
