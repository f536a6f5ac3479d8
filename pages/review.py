"""Review meetings: findings in order, discussed, decided, signed by name, and held against thresholds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from audit.locations import assets_folder
from audit.review.board import Review, reviews, start_review
from audit.review.minutes import signer_words
from audit.review.policy import OUTCOMES
from audit.wording import plural
from pages.job_panel import show_problem
from pages.markup import empty_html, facts_html, heading_html
from pages.navigation import HOME, REPORT, link
from pages.people import author_field, database
from pages.presenter import show_presenter
from pages.review_items import show_item
from pages.review_parts import show_card, show_changes, show_policy, show_signatures, show_trail
from pages.session import attempt
from pages.state import PageState

if TYPE_CHECKING:
    from audit.review.minutes import Minutes

_SHOWN = "review shown"


def show() -> None:
    """Show the reviews of this home folder."""
    state = PageState("review")
    st.html(assets_folder() / "review.css")
    known, problem = attempt(lambda: reviews(database()))
    if problem:
        show_problem(problem)
        return
    chosen = _chosen(state, known)
    if chosen and state["present"]:
        minutes = Review(database(), chosen).minutes()
        if minutes.items:
            show_presenter(minutes, state)
            return
    st.html(
        heading_html(
            "",
            "Review",
            "What was found, what it means, who decided what, who signs. Every finding stays as it was seen.",
        )
    )
    author = author_field("review")
    if not known:
        st.html(
            empty_html(
                "No review yet",
                "Begin one here, then open an audit and choose “Add to the review”: its number, plots and images "
                "are copied to the table.",
            )
        )
        _begin(author)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _pick(state, known, chosen)
        with st.popover("Begin another", icon=":material/add:"):
            _begin(author)
    _show_review(Review(database(), chosen), author, state)


def _chosen(state: PageState, known: dict[str, str]) -> str:
    """Return the review of the link, else the one last shown or added to, else the newest."""
    for wanted in (state["review"], st.session_state.get(_SHOWN, "")):
        if wanted in known:
            return str(wanted)
    return next(iter(known), "")


def _pick(state: PageState, known: dict[str, str], chosen: str) -> None:
    key = "review picker"
    st.session_state[key] = chosen

    def choose() -> None:
        st.session_state[_SHOWN] = st.session_state[key]
        state.update({"review": st.session_state[key]})

    st.selectbox("Review", list(known), key=key, format_func=lambda option: known[option], width=420, on_change=choose)
    st.session_state[_SHOWN] = chosen
    state.update({"review": chosen})


def _begin(author: str) -> None:
    name = st.text_input("Name of the review", key="new review", max_chars=120, placeholder="Release 2.1, fairness")
    needed = {"a name for the review": name.strip(), "your own name": author}
    lacking = [words for words, given in needed.items() if not given]
    if lacking:
        st.caption(f"Still missing: {' and '.join(lacking)}.")
    if st.button(
        "Begin the review",
        type="primary",
        key="begin review",
        icon=":material/gavel:",
        disabled=bool(lacking),
    ):
        review, problem = attempt(lambda: start_review(database(), name, author=author))
        if problem:
            show_problem(problem)
            return
        st.session_state[_SHOWN] = review.id
        st.query_params["review"] = review.id
        st.rerun()


def review_facts(minutes: Minutes) -> dict[str, str]:
    """Return where a review stands, as names and values."""
    decided = sum(bool(item.decision) for item in minutes.items)
    facts = {"Findings": f"{len(minutes.items):,}", "Decided": f"{decided} of {len(minutes.items)}"}
    outcomes = [check.outcome for check in minutes.checks()]
    if outcomes:
        facts["Thresholds"] = ", ".join(
            f"{outcomes.count(name)} {words}" for name, (_, words) in OUTCOMES.items() if name in outcomes
        )
    signed = [signer_words(each.author, each.undecided) for each in minutes.signatures if each.current]
    facts["Signed"] = ", ".join(signed) or ("not as it stands" if minutes.signatures else "not yet")
    return facts


def _show_review(review: Review, author: str, state: PageState) -> None:
    minutes = review.minutes()
    st.html(facts_html(review_facts(minutes)))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Present",
            type="primary",
            key="present",
            icon=":material/slideshow:",
            disabled=not minutes.items,
            help="One finding a screen; the arrow keys turn, Esc leaves.",
            on_click=partial(state.update, {"present": "1"}),
        )
        link(REPORT, "Write the report", {"review": minutes.id}, icon=":material/description:")
    if not author:
        st.caption("Write your name above to discuss, decide or sign.")
    show_policy(review, minutes, author)
    st.subheader(f"On the table: {plural(len(minutes.items), 'finding')}", anchor=False)
    if not minutes.items:
        st.html(empty_html("Nothing is on the table", "Open an audit and choose “Add to the review” at its end."))
        link(HOME, "See what the audits say", icon=":material/home:")
    for number, item in enumerate(minutes.items, start=1):
        show_item(review, minutes, item, number, author)
    show_changes(review, minutes, author)
    show_card(review, minutes, author)
    show_signatures(review, minutes, author)
    show_trail(review)
