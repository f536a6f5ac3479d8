"""What class probabilities add: calibration before and after a temperature, AUROC, AUPRC and prevalence by subgroup.

The temperature is fitted on one half of the samples (whole group_ids); subgroups' calibration errors before and
after are those of the other half. Without probabilities none of this exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audit.group_ids import split_halves
from audit.subgroups.calibration import Calibration, apply_temperature, calibration_errors, fit_temperature
from audit.subgroups.overall import LEVEL
from audit.subgroups.ranking import Ranking, disagreeing_pairs, ranking_by_subgroup
from audit.wording import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.subgroups.group_rows import Rows
    from audit.subgroups.inputs import Attribute, Inputs

MOST_CLASSES = 50
"""Beyond so many classes, AUROC and AUPRC of every class in every subgroup are not listed."""


def confidence_of(inputs: Inputs, probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probability given to the predicted class; 0 for a prediction that names no class."""
    rows = np.arange(len(probabilities))
    chosen = np.asarray(probabilities, dtype=np.float64)[rows, np.maximum(inputs.prediction, 0)]
    return np.clip(np.where(inputs.prediction >= 0, chosen, 0.0), 0.0, 1.0)


def probability_scores(inputs: Inputs, *, draws: int, seed: int) -> tuple[Rows, dict[str, Rows], list[str]]:
    """Compute calibration errors, overall and by subgroup of the main attribute.

    Parameters
    ----------
    inputs
        With probabilities.
    draws, seed
        Of the bootstrap, the null and the split.

    Returns
    -------
    overall : list of dict
        Rows for the table ``overall``.
    by_level : dict
        Under the main attribute's name, one mapping a subgroup with the columns to add to its row.
    notes : list of str
        The temperature.
    """
    assert inputs.probabilities is not None
    confidence = confidence_of(inputs, inputs.probabilities)
    everything = np.zeros(len(confidence), dtype=np.int64)
    whole = calibration_errors(
        confidence, inputs.correct, everything, 1, group_id=inputs.group_id, draws=draws, seed=seed
    )
    first = split_halves(len(confidence), inputs.group_id, seed)
    held_out = np.flatnonzero(~first)
    rows = [_overall_row("expected_calibration_error", whole)]
    if not first.any() or not len(held_out):
        return rows, {}, ["a temperature needs samples to be fitted on and others to be tested on"]
    temperature = fit_temperature(inputs.probabilities[first], inputs.label.codes[first], seed=seed)
    scaled = confidence_of(inputs, apply_temperature(inputs.probabilities, temperature))
    group_id = None if inputs.group_id is None else inputs.group_id[held_out]

    def errors(values: NDArray[np.float64], codes: NDArray[np.int64], size: int) -> Calibration:
        right = inputs.correct[held_out]
        place = codes[held_out]
        return calibration_errors(values[held_out], right, place, size, group_id=group_id, draws=draws, seed=seed)

    rows += [
        _overall_row("expected_calibration_error_held_out", errors(confidence, everything, 1)),
        _overall_row("expected_calibration_error_after_temperature", errors(scaled, everything, 1)),
    ]
    fitted = f"temperature {temperature:.2f}, fitted on {int(first.sum())} samples"
    notes = [f"{fitted}; subgroups' calibration errors are those of the other {len(held_out)}"]
    main = inputs.main
    if main is None or inputs.family is not None:
        return rows, {}, notes
    size = len(main.coded.levels)
    before, after = errors(confidence, main.coded.codes, size), errors(scaled, main.coded.codes, size)
    added: Rows = [
        {
            "calibration_error": before.error[i],
            "calibration_low": before.interval.low[i],
            "calibration_high": before.interval.high[i],
            "calibration_null": before.null[i],
            "calibration_p": before.p_value[i],
            "calibration_after": after.error[i],
            "calibration_n": before.n[i],
        }
        for i in range(size)
    ]
    return rows, {main.name: added}, notes


def _overall_row(name: str, found: Calibration) -> dict[str, Any]:
    return {
        "score": name,
        "value": float(found.error[0]),
        "low": float(found.interval.low[0]),
        "high": float(found.interval.high[0]),
        "n": int(found.n[0]),
        "support": int(found.n[0]),
        "null": float(found.null[0]),
        "p_value": float(found.p_value[0]),
        "unit": "index",
    }


def ranking_columns(inputs: Inputs) -> tuple[dict[tuple[str, str], dict[str, float]], list[str]]:
    """AUROC, AUPRC and prevalence of each class in each subgroup of the main attribute, one class against the rest.

    Parameters
    ----------
    inputs
        With probabilities.

    Returns
    -------
    columns : dict
        (class, subgroup) to the columns to add to that cell's row.
    notes : list of str
        Where AUROC and AUPRC rank subgroups oppositely, and what is undefined.
    """
    main = inputs.main
    assert inputs.probabilities is not None
    classes = inputs.label.levels
    if main is None or inputs.family is not None:
        return {}, []
    if len(classes) > MOST_CLASSES:
        return {}, [f"AUROC and AUPRC are listed for at most {MOST_CLASSES} classes; there are {len(classes)}"]
    columns: dict[tuple[str, str], dict[str, float]] = {}
    notes: list[str] = []
    disagreements = 0
    # For two classes one area says all; it is that of the second class.
    chosen = range(len(classes)) if len(classes) > 2 else range(len(classes) - 1, len(classes))
    for place in chosen:
        found = ranking_by_subgroup(
            inputs.probabilities[:, place],
            inputs.label.codes == place,
            main.coded.codes,
            len(main.coded.levels),
            group_id=inputs.group_id,
            level=LEVEL,
        )
        # Small subgroups change places by chance; only clear differences are worth a warning.
        disagreements += len(_clear_disagreements(found))
        columns |= {(classes[place], level): _ranking_row(found, i) for i, level in enumerate(main.coded.levels)}
    undefined = sum(not np.isfinite(row["auroc"]) for row in columns.values())
    if undefined:
        notes.append(f"AUROC is undefined in {undefined} of {len(columns)} cells: all samples there have one class")
    if disagreements:
        notes.append(
            f"AUROC and AUPRC put {plural(disagreements, 'pair')} of subgroups in opposite order: AUPRC falls with the "
            "prevalence, so do not rank subgroups by it; both stand beside the prevalence in the table"
        )
    return columns, notes


def _ranking_row(found: Ranking, i: int) -> dict[str, float]:
    return {
        "auroc": found.auroc[i],
        "auroc_low": found.auroc_interval.low[i],
        "auroc_high": found.auroc_interval.high[i],
        "auprc": found.auprc[i],
        "auprc_low": found.auprc_interval.low[i],
        "auprc_high": found.auprc_interval.high[i],
        "prevalence": found.prevalence[i],
    }


def _clear_disagreements(found: Ranking) -> list[tuple[int, int]]:
    """Pairs in opposite order whose AUPRC intervals do not overlap: someone would rank by them."""
    low, high = found.auprc_interval
    return [(a, b) for a, b in disagreeing_pairs(found.auroc, found.auprc) if low[a] > high[b]]


def add_columns(rows: Rows, attribute: Attribute | None, by_level: dict[str, Rows]) -> None:
    """Add a subgroup's calibration to its row, in place."""
    if attribute is None or attribute.name not in by_level:
        return
    added = dict(zip(attribute.coded.levels, by_level[attribute.name], strict=True))
    for row in rows:
        if row["kind"] == "subgroup" and row["attribute"] == attribute.name:
            row.update(added[row["group"]])
