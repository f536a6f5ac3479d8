"""The rest of a review: thresholds, what changed between versions, the model card, signatures, the trail."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from audit.comparison import NamedResult
from audit.registry import audits
from audit.report.content import act_words, finding_names
from audit.report.markdown import value_words
from audit.review.history import changes_between
from audit.review.minutes import CARD_FIELDS, undecided_words
from audit.review.policy import EXAMPLE, OUTCOMES, RULE_TEXT
from audit.wording import in_words, plural
from pages.frozen import checks_html
from pages.job_panel import escape_markdown
from pages.markup import notes_html
from pages.review_items import act
from pages.session import attempt, chosen_dataset, dataset_of, latest, result_of, workspace

if TYPE_CHECKING:
    from audit.review.board import Review
    from audit.review.minutes import Minutes


def show_policy(review: Review, minutes: Minutes, author: str) -> None:
    """Show the thresholds and how they were kept, and let them be set."""
    if minutes.policy is not None:
        st.subheader(escape_markdown(f"Thresholds: {minutes.policy.title}"), anchor=False)
        st.html(checks_html(minutes.checks(), OUTCOMES))
        when = "before the first finding was on the table" if minutes.policy_first else "after findings were known"
        st.caption(f"{RULE_TEXT} Set by {escape_markdown(minutes.policy_by)} {when}.")
    label = "Set other thresholds" if minutes.policy else "Set thresholds agreed beforehand"
    with st.expander(label, icon=":material/rule:"):
        file = st.file_uploader("Policy file", type=["toml"], key=f"{review.id} policy file")
        given = file.getvalue().decode("utf-8", errors="replace") if file is not None else EXAMPLE
        text = st.text_area(
            "The thresholds, as TOML",
            value=given,
            height=240,
            key=f"{review.id} policy {hash(given)}",
            help="A share is written 0.8, not 80. The direction is “at least” or “at most”.",
        )
        st.caption(RULE_TEXT)
        if st.button(
            "Set these thresholds", key=f"{review.id} set policy", icon=":material/rule:", disabled=not author
        ):
            act(partial(review.set_policy, text, author=author))


def show_changes(review: Review, minutes: Minutes, author: str) -> None:
    """Show what changed between two versions of a model, and what was kept of it."""
    for change in minutes.changes:
        st.subheader(escape_markdown(f"What changed: {change['first']} → {change['second']}"), anchor=False)
        _show_change(change)
    with st.expander("What changed between two versions of a model", icon=":material/compare_arrows:"):
        models = list(workspace().models())
        name = chosen_dataset()
        if name is None or len(models) < 2:
            st.caption("Two models with answers on the same dataset are needed.")
            return
        with st.container(horizontal=True, gap="small"):
            first = str(st.selectbox("Before", models, key=f"{review.id} before"))
            second = str(st.selectbox("After", models, index=1, key=f"{review.id} after"))
        if first == second:
            st.caption("Choose two different ones.")
            return
        found, problem = attempt(lambda: _compared(name, first, second))
        if problem:
            st.caption(escape_markdown(problem))
            return
        _show_change(found)
        if st.button(
            "Keep this in the review", key=f"{review.id} keep changes", icon=":material/save:", disabled=not author
        ):
            act(partial(review.add_changes, found, author=author))


def _compared(name: str, first: str, second: str) -> dict[str, Any]:
    dataset = dataset_of(name)
    pairs = []
    for audit, owner in audits().items():
        known = [latest(audit, name, dataset, model) for model in (first, second)]
        if known[0] is not None and known[1] is not None:
            runs = [
                NamedResult(name=model, result=result_of(str(facts["key"])), provenance=facts)
                for model, facts in zip((first, second), known, strict=True)
                if facts is not None
            ]
            pairs.append((owner.title, runs[0], runs[1]))
    return changes_between(first, second, pairs)


def _show_change(change: Any) -> None:
    words = {True: "▲ changed", False: "● no evidence of a change", None: "◌ cannot be told"}
    table = pd.DataFrame(
        {
            "audit": [row["audit"] for row in change["rows"]],
            "score": [in_words(row["score"]) for row in change["rows"]],
            change["first"]: [value_words(row, "before") for row in change["rows"]],
            change["second"]: [value_words(row, "after") for row in change["rows"]],
            "difference": [value_words(row, "difference") for row in change["rows"]],
            "state": [words[row["changed"]] for row in change["rows"]],
            "interval of the difference": [row["how"] for row in change["rows"]],
        }
    )
    st.dataframe(table, hide_index=True)
    if change.get("notes"):
        st.html(notes_html(change["notes"]))


def show_card(review: Review, minutes: Minutes, author: str) -> None:
    """Let people write what only they can know of the model card."""
    with st.expander("Model card: what only people can write", icon=":material/badge:"):
        st.caption("Metrics, data, factors and results are filled in from the findings.")
        with st.form(f"{review.id} card", border=False):
            written = {
                field: st.text_area(words, value=minutes.card.get(field, ""), max_chars=8_000, height=90)
                for field, words in CARD_FIELDS.items()
            }
            sent = st.form_submit_button("Keep", icon=":material/save:", disabled=not author)
        if sent:

            def keep() -> None:
                for field, text in written.items():
                    if text.strip() != minutes.card.get(field, ""):
                        review.write_card(field, text, author=author)

            act(keep)


def show_signatures(review: Review, minutes: Minutes, author: str) -> None:
    """Show who signed, and let whoever looks sign."""
    st.subheader("Signatures", anchor=False)
    for signature in minutes.signatures:
        role = f", {signature.role}" if signature.role else ""
        stands = "✓ stands as signed" if signature.current else "◌ something has changed since"
        when = signature.created[:16].replace("T", " ")
        open_then = f" · {signature.undecided}" if signature.undecided else ""
        st.markdown(f"**{escape_markdown(signature.author + role)}** · {when} UTC{open_then} · {stands}")
    undecided = undecided_words(minutes)
    if undecided:
        st.warning(
            f"Nothing is decided yet on {undecided.removeprefix('signed with ').removesuffix(' undecided')}. "
            f"A signature will say: “{undecided}”.",
            icon=":material/pending:",
        )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        role = st.text_input("In which role", key=f"{review.id} role", max_chars=120, width=300)
        if st.button(
            f"Sign as {author}" if author else "Sign",
            key=f"{review.id} sign",
            type="primary",
            icon=":material/draw:",
            disabled=not author or not minutes.items,
        ):
            act(partial(review.sign, role, author=author))
    st.caption(
        "A signature stands under the findings, their words, decisions, thresholds and comparisons as they are now; "
        "when any of them changes, it says so."
    )


def show_trail(review: Review) -> None:
    """Show every act of the review, the newest first."""
    events = review.events()
    names = finding_names(events)
    with st.expander(f"Trail ({plural(len(events), 'act')})", icon=":material/history:"):
        st.caption("Append-only: the database itself refuses to change or delete an act.")
        table = pd.DataFrame(
            {
                "when (UTC)": [event.created[:19].replace("T", " ") for event in reversed(events)],
                "who": [event.author for event in reversed(events)],
                "what": [act_words(event, names) for event in reversed(events)],
            }
        )
        st.dataframe(table, hide_index=True)
