"""“Add to the review”: put what a page shows on the table of a review, frozen as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.review.board import Review, reviews, start_review
from audit.review.findings import freeze, frozen_images
from pages.job_panel import show_problem
from pages.people import author_field, database
from pages.selection import where_text
from pages.session import attempt, workspace

if TYPE_CHECKING:
    import pandas as pd

    from audit.base import Audit
    from audit.dataset import Dataset
    from audit.result import Result

NEW = "Begin a new review"


def show_add_finding(
    audit: Audit,
    result: Result,
    facts: Mapping[str, Any],
    dataset: Dataset,
    shown: pd.DataFrame,
    *,
    where: str,
    kind: str,
    prediction: str | None,
    key: str,
) -> None:
    """Offer to put a result on the table of a review.

    Parameters
    ----------
    audit, result, facts, dataset
        As on the audit's page.
    shown
        Rows of the gallery, in order: its first images go with the finding.
    where, kind
        Selected row and kind of table.
    prediction
        Column of the predictions.
    key
        Unique name.
    """

    @st.dialog("Add to a review")
    def dialog() -> None:
        known, problem = attempt(lambda: reviews(database()))
        if problem:
            show_problem(problem)
            return
        st.caption("The number, its plots, its images and where it comes from are copied: they never change later.")
        author = author_field(f"{key} add finding", width="stretch")
        chosen = st.selectbox(
            "Review", [*known, NEW], key=f"{key} review", format_func=lambda option: known.get(option, option)
        )
        name = ""
        if chosen == NEW:
            name = st.text_input(
                "Its name", key=f"{key} review name", max_chars=120, placeholder="Release 2.1, fairness"
            )
        if st.button(
            "Put it on the table",
            type="primary",
            icon=":material/gavel:",
            key=f"{key} put",
            disabled=not author or (chosen == NEW and not name.strip()),
        ):
            images = frozen_images(
                dataset, shown, list(shown.index[:200]), prediction=prediction, folder=workspace().home / "thumbnails"
            )
            words = where_text(where) if where else ""
            finding = freeze(audit, result, facts, dataset, kind=kind, selection=words, images=images)
            review, problem = attempt(
                lambda: (
                    start_review(database(), name, author=author) if chosen == NEW else Review(database(), str(chosen))
                )
            )
            if not problem:
                _, problem = attempt(lambda: review.add(finding, author=author))
            if problem:
                show_problem(problem)
                return
            st.session_state["review shown"] = review.id
            st.toast("It is on the table.", icon=":material/check:")
            st.rerun()

    if st.button("Add to the review", key=f"{key} add to review", icon=":material/gavel:"):
        dialog()
