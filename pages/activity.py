"""What people did to a dataset, newest first and live: who, when, what, and a button that takes it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from audit.curation.board import LABEL, NOTE, TAG, UNTAG
from audit.events import UNDO, standing
from audit.wording import plural
from pages.job_panel import escape_markdown, show_problem
from pages.session import attempt

if TYPE_CHECKING:
    from audit.curation.board import Curation
    from audit.events import Event

_SHOWN = 12
_EVERY = "4s"


def show_activity(curation: Curation) -> None:
    """Show the last acts; those of other people appear by themselves.

    Parameters
    ----------
    curation
        Of the dataset.
    """
    seen = curation.newest()

    @st.fragment(run_every=_EVERY)
    def feed() -> None:
        events = curation.events()
        st.subheader("Who did what", anchor=False)
        if not events:
            st.caption("Nothing yet. What you and others do appears here, and each act can be taken back.")
            return
        newer = sum(event.number > seen for event in events)
        if newer and st.button(
            f"Show {plural(newer, 'new act')} in the pictures above", icon=":material/refresh:", key="refresh curated"
        ):
            st.rerun()
        held = {event.id for event in standing(events)}
        undone = _undone(events)
        named = {event.id: event for event in events}
        for event in events[: -_SHOWN - 1 : -1]:
            _show_act(curation, event, named, taken_back=event.id in undone, held=event.id in held)

    feed()


def _undone(events: list[Event]) -> set[str]:
    """Return the acts that are taken back at present."""
    struck: set[str] = set()
    for event in reversed(events):
        if event.kind == UNDO and event.id not in struck:
            struck.add(str(event.payload["event"]))
    return struck


def _show_act(curation: Curation, event: Event, named: Mapping[str, Event], *, taken_back: bool, held: bool) -> None:
    words = escape_markdown(act_words(event, named))
    author = str(st.session_state.get("author", ""))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"~~{words}~~ (taken back)" if taken_back else words, width="stretch")
        standing_undo = event.kind == UNDO and not taken_back
        if (held or standing_undo) and st.button(
            "Do it again" if standing_undo else "Undo",
            key=f"undo {event.id}",
            type="tertiary",
            icon=":material/redo:" if standing_undo else ":material/undo:",
            disabled=not author,
            help=None if author else "Write your name above first.",
        ):
            _, problem = attempt(lambda: curation.undo(event.id, author=author))
            if problem:
                show_problem(problem)
                return
            st.rerun()


def act_words(event: Event, named: Mapping[str, Event]) -> str:
    """Return an act as a sentence.

    Parameters
    ----------
    event
        The act.
    named
        Every act by id: an undo names another one.
    """
    when = event.created[:16].replace("T", " ")
    samples = plural(event.samples, "sample")
    if event.kind == TAG:
        source = f" from “{event.payload['source']}”" if event.payload.get("source") else ""
        what = f"tagged {samples} “{event.payload['tag']}”{source}"
    elif event.kind == UNTAG:
        what = f"took “{event.payload['tag']}” off {samples}"
    elif event.kind == NOTE:
        what = f"noted on {samples}: {event.payload['note']}"
    elif event.kind == LABEL:
        label = event.payload["label"]
        what = f"said that {samples} should be “{label}”" if label else f"withdrew the label of {samples}"
    elif str(event.payload.get("event")) in named:
        undone = named[str(event.payload["event"])]
        what = f"took back what {undone.author} did at {undone.created[11:16]}"
    else:
        what = event.kind
    return f"{event.author} {what} · {when} UTC"
