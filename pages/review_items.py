"""One finding on the table: what it says, what people say about it, what was decided, by whom and until when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.review.minutes import DECISIONS
from audit.wording import model_words, plural
from pages.frozen import images_html, sentence_html, show_plots
from pages.job_panel import escape_markdown, show_problem
from pages.markup import notes_html
from pages.session import attempt

if TYPE_CHECKING:
    from audit.review.board import Review
    from audit.review.minutes import Item, Minutes


def act(do: Callable[[], Any]) -> None:
    """Do something to a review and show it; what is wrong is said instead."""
    _, problem = attempt(do)
    if problem:
        show_problem(problem)
        return
    st.rerun()


def show_item(review: Review, minutes: Minutes, item: Item, number: int, author: str) -> None:
    """Show one finding with everything that belongs to it.

    Parameters
    ----------
    review, minutes
        The review.
    item
        The finding.
    number
        Its place on the agenda, from 1.
    author
        Who looks; may be empty.
    """
    finding = item.finding
    facts = finding.provenance
    with st.container(border=True, key=f"finding-{number}"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(
                f"**{number}. {escape_markdown(finding.title)}** · "
                + escape_markdown(f"{model_words(str(facts.get('model', '?')))} on {facts.get('dataset', '?')}"),
                width="content",
            )
            with st.container(horizontal=True, width="content", gap="small"):
                _show_order(review, minutes, item, number, author)
        st.html(sentence_html(finding.state, item.sentence))
        if item.decision:
            st.markdown(escape_markdown(decision_words(item)))
        with st.expander("Plots, images and limits", icon=":material/query_stats:"):
            show_plots(finding, key=item.id)
            if finding.images:
                which = f": {finding.selection}" if finding.selection else ""
                st.markdown(f"**Images{escape_markdown(which)}**")
                st.html(images_html(finding.images))
            notes = [note for note in (finding.limits, *finding.notes) if note]
            if notes:
                st.markdown("**Limits**")
                st.html(notes_html(notes))
            st.caption(escape_markdown(source_words(item)))
        words = f"Discussion ({plural(len(item.remarks), 'note')})" if item.remarks else "Discussion"
        with st.expander(words, icon=":material/forum:"):
            _show_discussion(review, item, author)
        with st.expander("Decide", icon=":material/task_alt:"):
            _show_decision(review, item, author)


def source_words(item: Item) -> str:
    """Return where a finding comes from, and since when it is on the table."""
    facts = item.finding.provenance
    when = str(facts.get("created", "?"))[:16].replace("T", " ")
    return (
        f"Result {str(facts.get('key', '?'))[:12]}, computed {when} UTC on "
        f"{plural(int(facts.get('samples', 0)), 'sample')}. Put on the table by {item.added_by}, "
        f"{item.added[:16].replace('T', ' ')} UTC; frozen since (digest {item.finding.digest()[:12]})."
    )


def decision_words(item: Item) -> str:
    """Return the decision as a sentence."""
    icon, words = DECISIONS[item.decision]  # type: ignore[index]
    parts = [
        f"{icon} {words}",
        item.reason,
        f"owner {item.owner}" if item.owner else "",
        f"due {item.due}" if item.due else "",
    ]
    return f"{' · '.join(part for part in parts if part)} ({item.decided_by}, {item.decided[:10]})"


def _show_order(review: Review, minutes: Minutes, item: Item, number: int, author: str) -> None:
    ids = [known.id for known in minutes.items]

    def moved(step: int) -> list[str]:
        place = number - 1
        order = [name for name in ids if name != item.id]
        order.insert(place + step, item.id)
        return order

    for step, words, icon, off in (
        (-1, "Earlier", ":material/arrow_upward:", number == 1),
        (1, "Later", ":material/arrow_downward:", number == len(ids)),
    ):
        if st.button(
            words,
            key=f"{item.id} {words}",
            icon=icon,
            type="tertiary",
            disabled=off or not author,
            help=f"{words} on the agenda",
        ):
            act(partial(review.order, moved(step), author=author))
    if st.button(
        "Take off",
        key=f"{item.id} withdraw",
        icon=":material/remove_circle_outline:",
        type="tertiary",
        disabled=not author,
        help="Takes it off the table; the trail keeps it.",
    ):
        act(partial(review.withdraw, item.id, author=author))


def _show_discussion(review: Review, item: Item, author: str) -> None:
    for remark in item.remarks:
        st.markdown(escape_markdown(remark.text))
        st.caption(escape_markdown(f"{remark.author}, {remark.created[:16].replace('T', ' ')} UTC"))
    # A form sends what is still being written with the very click; its new name after each note empties it.
    with st.form(f"{item.id} note {len(item.remarks)}", border=False):
        text = st.text_area("What is to be said about it", key=f"{item.id} remark {len(item.remarks)}", max_chars=8_000)
        sent = st.form_submit_button("Add the note", icon=":material/send:", disabled=not author)
    if sent and text.strip():
        act(partial(review.remark, item.id, text, author=author))
    elif sent:
        st.caption("There is nothing in the note yet.")


def _show_decision(review: Review, item: Item, author: str) -> None:
    with st.form(f"{item.id} decision", border=False):
        decision = st.segmented_control(
            "Decision",
            list(DECISIONS),
            default=item.decision or None,
            format_func=lambda option: " ".join(DECISIONS[option]),
        )
        reason = st.text_input("Because", value=item.reason, max_chars=2_000)
        with st.container(horizontal=True, gap="small"):
            owner = st.text_input("Who sees to it", value=item.owner, max_chars=120)
            due = st.date_input("Until", value=dt.date.fromisoformat(item.due) if item.due else None)
        sentence = st.text_area(
            "The finding in the words of the review", value=item.sentence, max_chars=2_000, height=80
        )
        sent = st.form_submit_button("Keep", type="primary", icon=":material/save:", disabled=not author)
    if not sent:
        return
    day = due.isoformat() if isinstance(due, dt.date) else ""

    def keep() -> None:
        if decision and (decision != item.decision or reason.strip() != item.reason):
            review.decide(item.id, decision, reason=reason, author=author)
        if (" ".join(owner.split()), day) != (item.owner, item.due):
            review.assign(item.id, owner, day, author=author)
        if sentence.strip() and sentence.strip() != item.sentence:
            review.word(item.id, sentence, author=author)

    act(keep)
