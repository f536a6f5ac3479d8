"""Presenter mode: one finding a screen, readable from the back row, turned with the arrow keys."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.locations import assets_folder
from audit.review.minutes import DECISIONS
from audit.review.policy import OUTCOMES
from audit.wording import model_words
from pages.frozen import checks_html, images_html, picture_html, sentence_html

if TYPE_CHECKING:
    from audit.review.minutes import Item, Minutes
    from pages.state import PageState

_IMAGES = 8


def show_presenter(minutes: Minutes, state: PageState) -> None:
    """Show one finding of a review on the whole screen.

    Parameters
    ----------
    minutes
        The review.
    state
        The page's state; holds the number of the screen under ``present``, from 1.
    """
    st.html(assets_folder() / "presenter.css")
    checks = minutes.checks()
    screens = len(minutes.items) + (1 if checks else 0)
    number = min(max(state.number("present", 1), 1), screens)

    def turn(step: int) -> None:
        state.update({"present": str(min(max(number + step, 1), screens))})

    def leave() -> None:
        state.update({"present": None})

    if number <= len(minutes.items):
        st.html(screen_html(minutes, minutes.items[number - 1], number))
    else:
        table = checks_html(checks, OUTCOMES)
        st.html(
            f'<div class="finding-screen"><p class="where">{escape(minutes.name)} · thresholds</p>'
            f'<div class="verdict"><p class="sentence">{escape(policy_sentence(minutes))}</p></div>{table}</div>'
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Back", key="present back", icon=":material/arrow_back:", shortcut="Left", on_click=turn, args=(-1,))
        st.button(
            "Next", key="present next", icon=":material/arrow_forward:", shortcut="Right", on_click=turn, args=(1,)
        )
        st.caption(f"{number} of {screens}", width="content")
        st.button("Leave", key="present leave", icon=":material/close:", shortcut="Esc", on_click=leave)


def _about(facts: Mapping[str, Any]) -> str:
    return f"{model_words(str(facts.get('model', 'a model')))} on {facts.get('dataset', '?')}"


def policy_sentence(minutes: Minutes) -> str:
    """Return in a sentence how the thresholds were kept."""
    outcomes = [check.outcome for check in minutes.checks()]
    counted = [f"{outcomes.count(outcome)} {words}" for outcome, (_, words) in OUTCOMES.items() if outcome in outcomes]
    return f"Thresholds agreed beforehand: {', '.join(counted)}."


def screen_html(minutes: Minutes, item: Item, number: int) -> str:
    """Return one finding as a screen."""
    finding = item.finding
    facts = finding.provenance
    where = f"{minutes.name} · {number}. {finding.title} · {_about(facts)}"
    plots = "".join(picture_html(plot["svg"], plot["text"]) for plot in finding.plots[:1])
    images = images_html(finding.images[:_IMAGES]) if finding.images else ""
    decided = ""
    if item.decision:
        icon, words = DECISIONS[item.decision]  # type: ignore[index]
        reason = f": {item.reason}" if item.reason else ""
        owner = f" · {item.owner}" if item.owner else ""
        due = f", due {item.due}" if item.due else ""
        decided = f'<p class="decided">{escape(f"{icon} Decision: {words}{reason}{owner}{due}")}</p>'
    return (
        f'<div class="finding-screen"><p class="where">{escape(where)}</p>'
        f"{sentence_html(finding.state, item.sentence, large=True)}{plots}{images}{decided}</div>"
    )
