"""What the audit of subgroups says about each score and column, in a sentence: shown beside the number."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "accuracy": (
        "Share of samples that are predicted rightly. “With no effect” is a prediction that knows nothing of the label."
    ),
    "macro_accuracy": (
        "Mean of the classes' accuracies: every class counts the same, however many samples it has. Its interval is "
        "narrower than accuracy's, as which classes there are is not left to chance."
    ),
    "adjusted_accuracy": (
        "Mean of the subgroups' accuracies: every subgroup counts the same. p compares it with shuffled subgroups; "
        "the interval says how well the value itself is known, so that one may be narrow and the other small."
    ),
    "worst_group_accuracy": (
        "Accuracy of the subgroup with the lowest one. Some subgroup is always lowest: compare with what shuffled "
        "subgroups would give. The interval holds for all subgroups at once and is therefore wide."
    ),
    "gap": (
        "Highest less lowest accuracy of a subgroup; 0 is even. Chosen by looking, so shuffled subgroups have a gap "
        "too."
    ),
    "ratio": "Lowest divided by highest accuracy of a subgroup; 1 is even.",
    "macro_std": (
        "MacroStd: by how much a class's accuracy typically differs from subgroup to subgroup (weighted standard "
        "deviation, mean over classes); 0 is even, and shuffled subgroups give more than 0."
    ),
    "macro_std_nist": (
        "MacroStd with the finite-sample factor M / (M - 1) for M subgroups, as NIST defines a weighted deviation: "
        "always a little larger."
    ),
    "macro_variance_debiased": (
        "Mean variance of a class's accuracy over subgroups, less what the sampling of few images adds; about 0 where "
        "subgroups are served alike."
    ),
    "excess_gap": (
        "The gap less the part that an uneven mix of classes in the subgroups explains; 0: the mix explains all of "
        "it. Above 0, the answers depend on the subgroup itself."
    ),
    "tpr_gap": "Difference of the recalls of the positive class between subgroups; 0 is even.",
    "fpr_gap": "Difference of the false alarm rates between subgroups; 0 is even.",
    "expected_calibration_error": (
        "How far stated confidence and accuracy lie apart on average over 15 bins of confidence; 0 is perfect, and "
        "few samples give more than 0 by chance."
    ),
    "expected_calibration_error_held_out": (
        "The calibration error of the half of the samples that the correction was not fitted on."
    ),
    "expected_calibration_error_after_temperature": (
        "The same half's calibration error after one temperature, fitted on the other half, has been applied."
    ),
    "score": "Which score the row's value is.",
    "detectable": (
        "Smallest drop that this many samples would find in 4 of 5 cases; differences below it may be there unseen."
    ),
    "shrunk": (
        "The value drawn towards the mean of all, the more the fewer samples: for ranking small subgroups fairly."
    ),
    "probability_worst": "How likely this one is truly the lowest.",
    "calibration_error": "How far stated confidence and accuracy lie apart in this subgroup; 0 is perfect.",
    "calibration_null": (
        "The calibration error that a perfectly calibrated model would show by chance with as many samples."
    ),
    "calibration_after": "The calibration error after one temperature for all, fitted on the other half.",
    "calibration_n": "Samples behind the calibration error after correction.",
    "null_high": "In 95 of 100 shuffles of the subgroups the value was below this.",
    "auroc": "How often a sample of the class gets a higher score for it than another one; .5 is chance, 1 is always.",
    "auprc": (
        "Area under precision and recall: depends on how frequent the class is, so compare only at equal frequency."
    ),
    "prevalence": "Share of the class in the subgroup.",
    "group": "The subgroup.",
    "attribute": "The column that tells subgroups.",
    "raw": "The difference before the other attribute is held equal, over the same samples.",
    "explained": "The part of the difference that the other attribute's uneven mix accounts for.",
    "stratified": (
        "The difference within the other attribute's values, weighted by their information (Mantel-Haenszel)."
    ),
    "coverage": "Share of the samples that can be compared: the other attribute's values that both subgroups have.",
    "slice_score": (
        "SliceLine's score in the half that was searched: excess error weighed against size; above 0 counts."
    ),
    "n_searched": "Samples in the half that was searched; all other numbers are from the other half.",
    "accuracy_searched": (
        "Accuracy in the half that was searched: lower than the truth, as it was chosen for being low."
    ),
    "parent": "The larger slice that this one lies in.",
    "merged": "Other slices that hold nearly the same samples.",
    "confusion": "How much more often the class is predicted there than it occurs.",
    "confused": "The class that is predicted too often.",
    "phrases": "What the group shows, in the words that fit it best.",
}
"""By name, as in ``overall`` and ``by_group``: unit, direction, what no effect would give."""

LABELS: Mapping[str, str] = {
    "overlapping": "Attributes overlap",
    "source": "Predictions from",
    "interval": "Interval of proportions",
    "correction": "Correction for many tests",
    "draws": "Random draws",
    "search": "Search for slices with errors",
    "depth": "Columns crossed at most",
    "alpha": "Weight of error against size (alpha)",
    "n_min": "Smallest slice",
    "error_slices": "Look-alike groups",
    "phrases": "Phrases for look-alike groups",
    "seed": "Random seed",
}
"""What the parameters are called in the form."""
