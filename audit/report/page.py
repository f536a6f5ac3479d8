"""A report as one self-contained HTML file: no script, nothing fetched, everything from data escaped.

Pictures are SVG drawn here (Plotly's own exporter needs a browser, and its script would be 4.5 MB that does not
print), thumbnails are part of the file. A content security policy forbids everything else to whoever opens it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from audit.locations import assets_folder
from audit.report.tables import changes_table, groups_table, scores_table
from audit.review.minutes import signer_words
from audit.wording import format_interval, format_value, in_words, unbroken

LARGEST = 10 * 1024 * 1024
"""Bytes of a report at most; thumbnails are left out from the end until it fits."""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_LONGEST_TRAIL = 400
_NUMBER = "The number"


def report_html(report: Mapping[str, Any]) -> bytes:
    """Return a report as HTML.

    Parameters
    ----------
    report
        As :mod:`audit.report.content` makes it.
    """
    encoded = _page(report, images=10**6).encode()
    images = max((len(finding["images"]) for finding in report["findings"]), default=0)
    while len(encoded) > LARGEST and images > 0:
        images //= 2
        encoded = _page(report, images=images).encode()
    return encoded


def _page(report: Mapping[str, Any], *, images: int) -> str:
    title = escape(report["title"])
    body = [
        _head(report),
        _contents(report),
        _policy(report["policy"]),
        *(_finding(finding, number, images) for number, finding in enumerate(report["findings"], start=1)),
        *(_changes(change) for change in report["changes"]),
        _signatures(report["signatures"]),
        _card(report["model_card"]),
        _trail(report["trail"]),
    ]
    style = (assets_folder() / "report.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _head(report: Mapping[str, Any]) -> str:
    kind = "Review" if report["kind"] == "review" else "Audit report"
    by = f", by Model Audit {escape(report['version'])}" if report["version"] else ""
    facts = [f"Written {escape(moment(report['created']))}{by}"]
    if report["review"]:
        begun = report["review"]
        facts.append(f"Begun by {escape(begun['created_by'])}, {escape(moment(begun['created']))}")
    signed = [s for s in report["signatures"] if s["current"]]
    if report["kind"] == "review":
        names = ", ".join(escape(signer_words(s["author"], s.get("undecided", ""))) for s in signed)
        facts.append(f"Signed by {names}" if signed else "Not signed as it stands")
    return (
        f'<header><p class="kind">{kind}</p><h1>{escape(report["title"])}</h1>'
        f'<p class="quiet">{" · ".join(facts)}</p></header>'
    )


def _contents(report: Mapping[str, Any]) -> str:
    findings = report["findings"]
    if len(findings) < 2:
        return ""
    rows = "".join(
        f'<tr><td class="n">{number}</td><td><a href="#finding-{number}">{escape(finding["title"])}</a></td>'
        f"<td>{escape(finding['state_words'])}</td><td>{escape(unbroken(finding['sentence']))}</td>"
        f"<td>{escape(finding['decision'] or '–')}</td></tr>"
        for number, finding in enumerate(findings, start=1)
    )
    return (
        "<section><h2>At a glance</h2><table><thead><tr><th></th><th>Audit</th><th>State</th><th>Finding</th>"
        f"<th>Decision</th></tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _policy(policy: Mapping[str, Any] | None) -> str:
    if policy is None:
        return ""
    rows = "".join(
        f'<tr class="{escape(check["outcome"])}"><td class="outcome">{escape(check["outcome_words"])}</td>'
        f"<td>{escape(check['audit'].replace('_', ' '))}</td><td>{escape(in_words(check['score']))}</td>"
        f"<td>{escape(check['sentence'])}</td><td>{escape(check['reason'])}</td></tr>"
        for check in policy["checks"]
    )
    when = "before the first finding was on the table" if policy["before_findings"] else "after findings were known"
    return (
        f"<section><h2>Thresholds: {escape(policy['title'])}</h2><p>{escape(policy['rule'])}</p>"
        "<table><thead><tr><th>Outcome</th><th>Audit</th><th>Score</th><th>Measured</th><th>Why</th></tr></thead>"
        f'<tbody>{rows}</tbody></table><p class="quiet">Set by {escape(policy["set_by"])}, '
        f"{escape(moment(policy['set']))}, {when}.</p></section>"
    )


def _finding(finding: Mapping[str, Any], number: int, images: int) -> str:
    facts = finding["provenance"]
    about = f"{facts.get('model', '?')} on {facts.get('dataset', '?')}"
    parts = [
        (
            f'<article id="finding-{number}"><p class="kind">{escape(about)}</p><h2>{escape(finding["title"])}</h2>'
            f'<p class="quiet">{escape(finding["question"])}</p>'
            f'<div class="verdict {escape(finding["state"])}"><p class="state">{escape(finding["state_words"])}</p>'
            f'<p class="sentence">{escape(unbroken(finding["sentence"]))}</p></div>'
        ),
        *(_plot(plot, finding["score"]) for plot in finding["plots"]),
        _images(finding, images),
        "<h3>All scores</h3>" + scores_table(finding["scores"]),
        _groups(finding),
        _decision(finding),
        _discussion(finding["discussion"]),
        (
            f"<h3>How to read this</h3><p>{escape(finding['reading'])}</p>"
            f'<p class="quiet">{escape(finding["reference"])}</p>'
        ),
        _limits(finding),
        _provenance(finding),
        "</article>",
    ]
    return "\n".join(part for part in parts if part)


def _plot(plot: Mapping[str, str], score: Mapping[str, Any]) -> str:
    # The number is drawn small enough for a phone, so it stands below in words too.
    number = plot["title"] == _NUMBER
    kind = ' class="number"' if number else ""
    words = f"<p>{escape(unbroken(_number_words(score)))}</p>" if number and score else ""
    # The picture was drawn by this program from escaped text; its caption is its text alternative.
    return (
        f"<figure{kind}><figcaption><b>{escape(plot['title'])}</b></figcaption>{plot['svg']}"
        f'{words}<p class="quiet">{escape(plot["text"])}</p></figure>'
    )


def _number_words(score: Mapping[str, Any]) -> str:
    """Return a score with its interval and its value with no effect, as far as they are known."""
    unit = str(score.get("unit") or "")
    value, low, high, null = (
        math.nan if score.get(key) is None else float(score[key]) for key in ("value", "low", "high", "null")
    )
    interval = format_interval(low, high, unit)
    parts = [f"{in_words(str(score['score']))} {format_value(value, unit)}"]
    parts += [f"95 % interval {interval}"] if interval else []
    parts += [f"with no effect {format_value(null, unit)}"] if math.isfinite(null) else []
    return " · ".join(parts)


def _images(finding: Mapping[str, Any], most: int) -> str:
    shown = finding["images"][:most]
    if not shown:
        return ""
    cards = []
    for image in shown:
        said = image.get("prediction") or ""
        struck = f" <s>{escape(said)}</s>" if image.get("wrong") else ""
        tag = f' <span class="tag">{escape(image["tag"])}</span>' if image.get("tag") else ""
        words = f"{image['caption']}, wrongly predicted {said}" if image.get("wrong") else image["caption"]
        cards.append(
            f'<li><img alt="{escape(words)}" src="{escape(image["source"])}"><span><b>{escape(image["caption"])}</b>'
            f"{struck}{tag}</span></li>"
        )
    which = f": {escape(finding['selection'])}" if finding["selection"] else ""
    return f'<h3>Images{which}</h3><ul class="images">{"".join(cards)}</ul>'


def _groups(finding: Mapping[str, Any]) -> str:
    if not finding["groups"]:
        return ""
    words = in_words(finding["groups_name"])
    left = finding["groups_left_out"]
    more = f'<p class="quiet">{_more(left, "more row")} in the result’s own files.</p>' if left else ""
    return f"<h3>By {escape(words)}</h3>" + groups_table(finding["groups"], finding["groups_name"]) + more


def _decision(finding: Mapping[str, Any]) -> str:
    if not finding["decision"] and not finding["owner"]:
        return ""
    facts = [("Decision", finding["decision"] or "open"), ("Because", finding["reason"])]
    by = f"{finding['decided_by']}, {moment(finding['decided'])}" if finding["decided_by"] else ""
    facts += [("Decided by", by), ("Owner", finding["owner"]), ("Due", finding["due"])]
    pairs = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts if value)
    return f'<h3>Decision</h3><dl class="facts">{pairs}</dl>'


def _discussion(remarks: Sequence[Mapping[str, str]]) -> str:
    if not remarks:
        return ""
    said = "".join(
        f"<li><p>{escape(remark['text'])}</p><p class='quiet'>{escape(remark['author'])}, "
        f"{escape(moment(remark['created']))}</p></li>"
        for remark in remarks
    )
    return f'<h3>Discussion</h3><ul class="remarks">{said}</ul>'


def _limits(finding: Mapping[str, Any]) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in finding["notes"])
    general = f"<p>{escape(finding['limits'])}</p>" if finding["limits"] else ""
    return f"<h3>Limits</h3>{general}<ul>{notes}</ul>" if general or notes else ""


def _provenance(finding: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{escape(str(name).replace('_', ' '))}</th><td>{escape(_value(value))}</td></tr>"
        for name, value in finding["provenance"].items()
    )
    rows += f"<tr><th>digest of this finding</th><td>{escape(finding['digest'])}</td></tr>"
    return f'<h3>Where this comes from</h3><table class="provenance"><tbody>{rows}</tbody></table>'


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        held = {name: inner for name, inner in value.items() if inner not in (None, "", [], {})}
        return ", ".join(f"{name} {_value(inner)}" for name, inner in held.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_value(inner) for inner in value)
    return str(value)


def _changes(change: Mapping[str, Any]) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in change.get("notes", ()))
    return (
        f"<section><h2>What changed: {escape(change['first'])} → {escape(change['second'])}</h2>"
        + changes_table(change)
        + (f"<ul>{notes}</ul>" if notes else "")
        + "</section>"
    )


def _signatures(signatures: Sequence[Mapping[str, Any]]) -> str:
    if not signatures:
        return ""
    rows = "".join(
        f"<tr><td><b>{escape(s['author'])}</b></td><td>{escape(s['role'])}</td><td>{escape(moment(s['created']))}</td>"
        f"<td>{escape(s.get('undecided', ''))}</td>"
        f"<td>{'✓ stands as signed' if s['current'] else '◌ something has changed since'}</td></tr>"
        for s in signatures
    )
    return f"<section><h2>Signatures</h2><table><tbody>{rows}</tbody></table></section>"


def _card(card: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for section in card:
        lines = "".join(f"<li>{escape(line)}</li>" for line in section["lines"])
        parts.append(f"<h3>{escape(section['heading'])}</h3><ul>{lines}</ul>")
    return f'<section class="card"><h2>Model card</h2>{"".join(parts)}</section>'


def _trail(trail: Sequence[Mapping[str, Any]]) -> str:
    if not trail:
        return ""
    left = len(trail) - _LONGEST_TRAIL
    rows = "".join(
        f'<tr><td class="n">{event["number"]}</td><td>{escape(moment(event["created"]))}</td>'
        f"<td>{escape(event['author'])}</td><td>{escape(event['act'])}</td></tr>"
        for event in trail[-_LONGEST_TRAIL:]
    )
    more = f'<p class="quiet">{_more(left, "earlier act")} in the database.</p>' if left > 0 else ""
    return (
        f"<section><h2>Trail</h2>{more}<table><thead><tr><th></th><th>When</th><th>Who</th><th>What</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></section>"
    )


def _more(count: int, what: str) -> str:
    return f"{count:,} {what} is" if count == 1 else f"{count:,} {what}s are"


def moment(text: str) -> str:
    """Return a time as people read it, to the minute, in UTC."""
    return f"{text[:16].replace('T', ' ')} UTC" if text else ""
