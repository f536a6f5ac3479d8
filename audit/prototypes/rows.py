"""The rows of ``by_group`` and ``by_sample``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.prototypes.chosen import covering_radius
from audit.prototypes.modifications import CHARACTERISTICS
from audit.prototypes.reasons import significant
from audit.prototypes.scores import agreement, mean_row, proportion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.prototypes.case import Case
    from audit.prototypes.chosen import Nearest, Prototypes
    from audit.prototypes.evidence import Evidence
    from audit.prototypes.reasons import Reasons

CURVES = {"deletion": "hottest first", "inverse": "coldest first", "random": "in random order"}


def class_rows(case: Case, prototypes: Prototypes, nearest: Nearest, *, seed: int) -> list[dict[str, Any]]:
    """Return one row a class: does its nearest prototype tell the model's answer, and how much of it is covered."""
    told = np.where(nearest.prototype >= 0, prototypes.place[nearest.prototype], -1)
    found = agreement(case, prototypes.place, told)
    rows = []
    for code in np.unique(prototypes.place).tolist():
        name = case.classes[code]
        mine = found.known & (case.code == code)
        radius = covering_radius(case, case.members(code), seed=seed)
        own = nearest.own[case.tested & (case.code == code)]
        own = own[np.isfinite(own)]
        rows.append(
            {
                "prototype": name,
                "kind": "class",
                **proportion(found.right[mine], case.group[mine]),
                "support": float((prototypes.place == code).sum()),
                "unit": "share",
                "class": name,
                "samples": float(len(case.members(code))),
                "coverage": float((1 - own <= radius).mean()) if len(own) and np.isfinite(radius) else np.nan,
                "where": json.dumps({"prototype_class": name}),
            }
        )
    return rows


def prototype_rows(
    case: Case, prototypes: Prototypes, index: pd.Index[str], evidence: Evidence | None
) -> list[dict[str, Any]]:
    """Return one row a typical sample (with the share it stands for), a borderline one (its margin), a criticism."""
    heat: dict[int, float] = {}
    if evidence is not None:
        heat = dict(zip(evidence.parts.seen_row.tolist(), evidence.parts.seen_object.tolist(), strict=True))
    sizes = np.bincount(case.code[case.reference & (case.code >= 0)], minlength=len(case.classes))
    margin: NDArray[np.float64] = np.full(len(prototypes.critic_row), np.nan)
    kinds = (
        ("typical", prototypes.row, prototypes.place, prototypes.share, "share"),
        ("boundary", prototypes.edge_row, prototypes.edge_place, prototypes.edge_margin, ""),
        ("criticism", prototypes.critic_row, prototypes.critic_place, margin, ""),
    )
    rows = []
    for kind, samples, places, values, unit in kinds:
        seen: dict[int, int] = {}
        for row, code, value in zip(samples.tolist(), places.tolist(), values.tolist(), strict=True):
            seen[code] = seen.get(code, 0) + 1
            name, sample = case.classes[code], str(index[row])
            where = {"nearest_prototype": sample} if kind == "typical" else {"prototype_role": f"{kind} of {name}"}
            rows.append(
                {
                    "prototype": f"{name}: {kind} {seen[code]}",
                    "kind": kind,
                    "value": value,
                    "n": float(sizes[code]),
                    "unit": unit,
                    "class": name,
                    "sample": sample,
                    "on_subject": heat.get(row, np.nan),
                    "where": json.dumps(where),
                }
            )
    return rows


def part_names(case: Case, evidence: Evidence) -> list[str]:
    """Return the part prototypes' names: "cow: part 1"."""
    counts: dict[int, int] = {}
    names = []
    for code in evidence.parts.place.tolist():
        counts[code] = counts.get(code, 0) + 1
        names.append(f"{case.classes[code]}: part {counts[code]}")
    return names


def part_rows(case: Case, evidence: Evidence, reasons: Reasons, index: pd.Index[str]) -> list[dict[str, Any]]:
    """Return one row a part prototype: the share it stands for, where it is, because of what things look like it."""
    parts = evidence.parts
    rows = []
    for place, name in enumerate(part_names(case, evidence)):
        box = parts.box[place]
        rows.append(
            {
                "prototype": name,
                "kind": "part",
                "value": float(parts.share[place]),
                "n": float(len(reasons.images[place])),
                "unit": "share",
                "class": case.classes[int(parts.place[place])],
                "sample": str(index[int(parts.row[place])]),
                "because": reasons.said[place],
                "usual_likeness": _mean(evidence.likeness.g[reasons.images[place], place]),
                "misleading": "yes" if reasons.misleading[place] else "no",
                "contribution": float(parts.contribution[place]),
                "unexplained": float(parts.unexplained[place]),
                "cell": float(parts.cell[place]),
                "box": json.dumps([round(float(edge), 4) for edge in box]),
                "where": json.dumps({"most_like_part": name}),
            }
        )
    return rows


def _mean(values: NDArray[np.floating]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def because_rows(case: Case, evidence: Evidence, reasons: Reasons) -> list[dict[str, Any]]:
    """Return one row a part prototype and characteristic: global phi."""
    rows = []
    for place, name in enumerate(part_names(case, evidence)):
        each = reasons.because[place]
        matters = significant(each, reasons.q_value[place])
        for at, characteristic in enumerate(CHARACTERISTICS):
            rows.append(
                {
                    "prototype": f"{name}, {characteristic}",
                    "kind": "because",
                    "value": float(each.value[at]),
                    "low": float(each.low[at]),
                    "high": float(each.high[at]),
                    "n": float(each.n),
                    "null": 0.0,
                    "p_value": float(each.p_value[at]),
                    "q_value": float(reasons.q_value[place, at]),
                    "class": case.classes[int(evidence.parts.place[place])],
                    "part": name,
                    "characteristic": characteristic,
                    "relative_drop": float(each.relative[at]),
                    "moved": float(each.moved[at]),
                    "matters": "yes" if matters[at] else "no",
                    "where": json.dumps({"most_like_part": name}),
                }
            )
    return rows


def dose_rows(evidence: Evidence, reasons: Reasons) -> list[dict[str, Any]]:
    """Return one row a characteristic and strength: the mean drop over prototypes, and how much pixels change."""
    likeness = evidence.likeness
    rows = []
    for dose in np.argsort(evidence.strengths[:, 0], kind="stable").tolist():
        for at, characteristic in enumerate(CHARACTERISTICS):
            drops = [
                float(np.nanmean(values))
                for place, images in enumerate(reasons.images)
                if np.isfinite(values := likeness.phi[dose, at, images, place]).any()
            ]
            change = likeness.rms[dose, at]
            strength = float(evidence.strengths[dose, at])
            rows.append(
                {
                    "prototype": f"{characteristic} at {strength:.2g} times the reference",
                    "kind": "dose",
                    **mean_row(np.asarray(drops)),
                    "null": 0.0,
                    "characteristic": characteristic,
                    "strength": strength,
                    "pixel_change": float(np.nanmean(change)),
                    "where": "",
                }
            )
    return rows


def finding_rows(case: Case, evidence: Evidence, reasons: Reasons) -> list[dict[str, Any]]:
    """Return the misleading prototypes and the redundant pairs."""
    names = part_names(case, evidence)
    rows: list[dict[str, Any]] = [
        {
            "prototype": names[place],
            "kind": "misleading",
            "value": float(reasons.alike[place]),
            "n": float(len(reasons.images[place])),
            "class": case.classes[int(evidence.parts.place[place])],
            "part": names[place],
            "because": reasons.said[place],
            "where": json.dumps({"most_like_part": names[place]}),
        }
        for place in np.flatnonzero(reasons.misleading).tolist()
    ]
    for one, two in reasons.redundant:
        difference = np.abs(reasons.because[one].relative - reasons.because[two].relative).max()
        rows.append(
            {
                "prototype": f"{names[one]} and {names[two].rpartition(': ')[2]}",
                "kind": "redundant",
                "value": float(difference),
                "class": case.classes[int(evidence.parts.place[one])],
                "part": names[one],
                "other_part": names[two],
                "because": reasons.said[one],
                "where": json.dumps({"most_like_part": [names[one], names[two]]}),
            }
        )
    return rows


def curve_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Return one row an order and step: the class's mean probability when that share of places is gone."""
    rows = []
    for order, said in CURVES.items():
        curves = getattr(evidence.curves, order)
        for step in range(curves.shape[1] if len(curves) else 0):
            share = step / (curves.shape[1] - 1)
            rows.append(
                {
                    "prototype": f"{100 * share:.0f} % gone, {said}",
                    "kind": "deletion",
                    **mean_row(curves[:, step]),
                    "unit": "share",
                    "order": said,
                    "gone": share,
                    "where": "",
                }
            )
    return rows


def sample_table(
    case: Case, prototypes: Prototypes, nearest: Nearest, index: pd.Index[str], evidence: Evidence | None
) -> pd.DataFrame:
    """Return one row a sample: its class here, its nearest prototype, and the part of its class it is most like."""
    names = np.asarray([*case.classes, ""], dtype=object)
    some = nearest.prototype >= 0
    told = np.where(some, prototypes.place[nearest.prototype], -1)
    ids = np.asarray(index, dtype=object)
    role = np.full(case.n, "", dtype=object)
    for kind, rows, places in (
        ("criticism", prototypes.critic_row, prototypes.critic_place),
        ("boundary", prototypes.edge_row, prototypes.edge_place),
        ("typical", prototypes.row, prototypes.place),
    ):
        role[rows] = [f"{kind} of {case.classes[code]}" for code in places.tolist()]
    columns: dict[str, Any] = {
        "prototype_class": names[case.code],
        "nearest_prototype": np.where(some, ids[prototypes.row[nearest.prototype]], ""),
        "nearest_class": names[told],
        "likeness": nearest.cosine,
        "behind_nearest": nearest.cosine - nearest.own,
        "agrees": np.where(~some, "", np.where(told == (case.predicted if case.answers else case.code), "yes", "no")),
        "prototype_role": role,
    }
    if evidence is not None:
        columns["most_like_part"] = _most_like(case, evidence)
    return pd.DataFrame(columns, index=index).rename_axis("sample_id")


def _most_like(case: Case, evidence: Evidence) -> NDArray[Any]:
    """Return the part of its own class that each explained sample is most like; empty for the others."""
    likeness, parts = evidence.likeness, evidence.parts
    names = part_names(case, evidence)
    found = np.full(case.n, "", dtype=object)
    for at, row in enumerate(likeness.rows.tolist()):
        free = (parts.place == case.code[row]) & ~case.related(row, parts.row)
        own = np.flatnonzero(free)
        if len(own):
            found[row] = names[int(own[likeness.g[at, own].argmax()])]
    return found
