"""The first visit: four steps through the bundled example, in a panel that can be closed for good."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import streamlit as st

from audit.preferences import change_preferences, read_preferences
from audit.registry import audits
from pages.navigation import EXPLORE, REVIEW, audit_path, link
from pages.session import attempt, chosen_dataset, chosen_model, workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.workspace import Workspace


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the tour.

    Parameters
    ----------
    title, text
        What there is to see, and why.
    path
        Address of the page.
    words
        Words of the link.
    state
        The page's own parameters.
    """

    title: str
    text: str
    path: str
    words: str
    state: Mapping[str, str] = dataclasses.field(default_factory=dict)


def tour_steps() -> list[Step]:
    """Return the steps; the first one leads to an audit that has answered already, if there is any."""
    known = audits()
    dataset, model = chosen_dataset(), chosen_model()
    answered = [str(facts["audit"]) for facts in workspace().runs(dataset=dataset, model=model)]
    shortcuts = [name for name, audit in known.items() if audit.category == "Shortcuts"]
    wanted = [name for name in (*shortcuts, *known) if name in answered] or list(known)
    steps = []
    if wanted:
        audit = known[wanted[0]]
        steps.append(
            Step(
                title="Read one answer",
                text="A sentence, the number with its interval, the plot, the images. Click a row to see its images.",
                path=audit_path(wanted[0]),
                words=audit.title,
            )
        )
    steps += [
        Step(
            title="Look at the samples",
            text="Every image is a point. Draw around some, search by words, or filter; tag what you find.",
            path=EXPLORE,
            words="Explore",
        ),
        Step(
            title="Decide together",
            text="Put findings into a review: discuss, decide, sign, present one a screen, write the report.",
            path=REVIEW,
            words="Review",
        ),
    ]
    return steps


def is_example(space: Workspace, name: str | None) -> bool:
    """Return whether a dataset is one of the bundled example's."""
    source = space.datasets().get(name or "")
    return source is not None and source.path.startswith(str(space.demo_folder))


def show_tour() -> None:
    """Show the tour on the bundled example until somebody closes it; it never hides anything."""
    space = workspace()
    if not is_example(space, chosen_dataset()) or chosen_model() is None:
        return
    preferences, problem = attempt(lambda: read_preferences(space.home))
    if problem or preferences.tour_seen:
        return
    with st.container(border=True, key="tour"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown("**New here?** This is an illustrated example with planted faults: the answers are known.")
            if st.button("Close for good", icon=":material/close:", type="tertiary", key="close tour"):
                change_preferences(space.home, tour_seen=True)
                st.rerun()
        with st.grid(min_column_width=250, gap="medium"):
            for number, step in enumerate(tour_steps(), start=1):
                with st.container():
                    st.markdown(f"**{number}. {step.title}**")
                    st.caption(step.text)
                    link(step.path, step.words, step.state, icon=":material/arrow_forward:")
