"""Numbers in words: the same value reads the same on the page, in a report and on the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

IN_WORDS: Mapping[str, str] = {
    "association_auroc": "association, AUROC",
    "association_p": "association, p",
    "association_q": "association, q",
    "auprc": "AUPRC",
    "auprc_high": "AUPRC, 95 % high",
    "auprc_low": "AUPRC, 95 % low",
    "auroc": "AUROC",
    "auroc_high": "AUROC, 95 % high",
    "auroc_low": "AUROC, 95 % low",
    "best_r2": "best R²",
    "bg_gap": "background gap",
    "because": "why parts look alike",
    "boundary": "borderline",
    "calibration_high": "calibration error, 95 % high",
    "calibration_low": "calibration error, 95 % low",
    "calibration_null": "calibration error, with no effect",
    "calibration_p": "calibration error, p",
    "cell": "class and subgroup",
    "class_std": "spread within a class",
    "control_significant_hypotheses": "phrases that pass in the control",
    "common_high": "common accuracy, 95 % high",
    "common_low": "common accuracy, 95 % low",
    "counter_high": "counter accuracy, 95 % high",
    "counter_low": "counter accuracy, 95 % low",
    "cramers_v": "Cramér's V",
    "croma": "median margin (CRoMa)",
    "deletion_auc": "deletion AUC",
    "drop_micro": "drop over all images",
    "expected_calibration_error": "calibration error",
    "expected_calibration_error_after_temperature": "calibration error, corrected",
    "expected_calibration_error_held_out": "calibration error, held out",
    "f0": "share of margins below 0 (F0)",
    "flip_high": "flip rate, 95 % high",
    "flip_low": "flip rate, 95 % low",
    "hypothesis": "phrase",
    "importance_high": "importance, 95 % high",
    "importance_low": "importance, 95 % low",
    "told_apart": "what tells a class from the others",
    "insertion_auc": "insertion AUC",
    "intrinsic_dimension_twonn": "intrinsic dimension (TwoNN)",
    "k": "number of neighbours",
    "ltm10": "mean of the lowest margins (LTM10)",
    "macro_std": "spread within classes (MacroStd)",
    "macro_std_nist": "MacroStd, NIST's factor",
    "macro_variance_debiased": "variance less sampling noise",
    "mari": "weighted margin (MaRI)",
    "mean_complexity_small": "mean complexity, smaller probe",
    "negative_r2": "negative R²",
    "nipd": "integrated performance drop",
    "null_high": "95 % of chance below",
    "oo": "other class, other center",
    "os": "other class, same center",
    "p_best_of_many": "p, best of many",
    "p_true_change": "change in the label's probability",
    "prevalence_a": "share of A",
    "prevalence_b": "share of B",
    "raw_high": "raw, 95 % high",
    "raw_low": "raw, 95 % low",
    "robustness_index_2501": "robustness index, older ratio",
    "shrunk_high": "shrunk, 95 % high",
    "shrunk_low": "shrunk, 95 % low",
    "significant_caption_terms": "caption terms that pass",
    "significant_hypotheses": "phrases that pass",
    "so": "same class, other center",
    "ss": "same class, same center",
    "top_auroc": "AUROC of the top phrase",
}
"""Names of scores, kinds of rows and columns that do not explain themselves."""

COLUMN_UNITS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "accuracy",
            "accuracy_before",
            "accuracy_searched",
            "availability",
            "availability_chance",
            "background",
            "class_accuracy",
            "common_accuracy",
            "common_high",
            "common_low",
            "counter_accuracy",
            "counter_high",
            "counter_low",
            "coverage",
            "flip_high",
            "flip_low",
            "flip_rate",
            "follows_background",
            "follows_label",
            "follows_neither",
            "foreground",
            "gone",
            "moved",
            "on_subject",
            "oo",
            "os",
            "predictivity",
            "predictivity_chance",
            "prevalence",
            "prevalence_a",
            "prevalence_b",
            "probability_worst",
            "random",
            "relative_drop",
            "same",
            "so",
            "ss",
        ),
        "share",
    ),
    **dict.fromkeys(("confusion", "explained", "p_true_change", "raw", "raw_high", "raw_low", "stratified"), "points"),
}
"""Units of columns that have one of their own, whatever the row's score is."""


def in_words(name: str) -> str:
    """Return the name of a score, of a kind of rows or of a column as people read it.

    Parameters
    ----------
    name
        As in the result; names that are words already only lose their underscores.
    """
    return IN_WORDS.get(name, name.replace("_", " "))


def model_words(name: str) -> str:
    """Return what a model is called before an audience: its specification without the options behind ``?``."""
    called, asked, _ = name.partition("?")
    return f"{called} …" if asked and called != "precomputed" else name


def format_value(value: float, unit: str = "") -> str:
    """Return a value as text: shares as ``92.9 %``, differences of shares as ``+3.2 points``, the rest as ``.257``.

    Parameters
    ----------
    value
        The number; NaN becomes ``not defined``.
    unit
        ``share``, ``points``, ``count``, or anything else for a plain index.
    """
    if value is None or not math.isfinite(value):
        return "not defined"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "points":
        return f"{100 * value:+.1f} points"
    if unit == "count":
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:,.1f}"
    # Small values keep two significant digits, so that a variance of .00017 is not written as nothing.
    decimals = 3 if value == 0 or abs(value) >= 0.01 else min(8, 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{decimals}f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def format_interval(low: float, high: float, unit: str = "") -> str:
    """Return ``low to high`` in the unit; empty where there is no interval."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    if unit == "share":
        return f"{100 * low:.1f} to {100 * high:.1f} %"
    if unit == "points":
        return f"{100 * low:+.1f} to {100 * high:+.1f} points"
    return f"{format_value(low, unit)} to {format_value(high, unit)}"


def format_p(p_value: float) -> str:
    """Return ``p = .012`` or ``p < .001``; empty when undefined."""
    if p_value is None or not math.isfinite(p_value):
        return ""
    return "p < .001" if p_value < 0.001 else f"p = {format_value(p_value)}"


def plural(count: int, word: str) -> str:
    """Return ``1 sample``, ``2,000 samples``, ``8 classes``."""
    if count == 1:
        return f"1 {word}"
    ending = "es" if word.endswith(("s", "x", "ch", "sh")) else "s"
    return f"{count:,} {word}{ending}"


def sentence(parts: Sequence[str]) -> str:
    """Return reasons as one sentence: joined, ended, and begun with a capital unless a quoted name comes first."""
    joined = "; ".join(parts)
    return f"{joined[:1].upper()}{joined[1:].removesuffix('.')}." if joined else ""


def unbroken(text: str) -> str:
    """Return text whose numbers stay on one line with their unit, or with the n, p or q that they are."""
    text = re.sub(r"\b([npq]) ([<=]) (?=\.?\d)", "\\1\u00a0\\2\u00a0", text)
    return re.sub(r"(?<=\d) (?=%|points\b)", "\u00a0", text)
