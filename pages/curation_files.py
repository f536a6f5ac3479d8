"""The corrected set, or a part of it, as files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from audit.curation.exports import FILES, image_folder
from audit.wording import plural
from pages.job_panel import show_problem
from pages.session import attempt, workspace

if TYPE_CHECKING:
    from audit.curation.board import Curated
    from audit.dataset import Dataset

SHOWN, CURATED, ALL = "What is selected or shown", "Everything curated", "The whole dataset, corrected"


def show_export(dataset: Dataset, name: str, curated: Curated, shown: Sequence[str]) -> None:
    """Offer samples as files.

    Parameters
    ----------
    dataset, name
        The samples, and their name in the workspace.
    curated
        What people added; labels that were corrected stand in the column ``final_label``.
    shown
        What is selected, or else what is shown.
    """
    parts = {SHOWN: list(shown), CURATED: curated.samples, ALL: [str(sample) for sample in dataset.index]}
    with st.expander("Export", icon=":material/download:"):
        part = st.radio(
            "Which samples",
            list(parts),
            key="export part",
            horizontal=True,
        )
        samples = parts[str(part)]
        # Below the options and not among them: another option is another choice, and what was chosen would be lost.
        st.caption(" · ".join(f"{option}: {plural(len(held), 'sample')}" for option, held in parts.items()))
        if not samples:
            st.caption("Nothing is tagged, noted or corrected yet.")
            return
        stem = f"{name}-{'all' if part == ALL else 'curated' if part == CURATED else 'selection'}"
        with st.container(horizontal=True, gap="small"):
            for kind, (write, ending, mime) in FILES.items():
                st.download_button(
                    kind,
                    data=partial(write, dataset, curated, samples),
                    file_name=f"{stem}.{ending}",
                    mime=mime,
                    key=f"export {kind}",
                    icon=":material/download:",
                    on_click="ignore",
                )
            copied = dataset.has_images and st.button(
                "Hugging Face image folder", key="export folder", icon=":material/folder_copy:"
            )
        st.caption(
            "The column final_label holds the correction where there is one; cells that a spreadsheet would run are "
            "guarded. The image folder is written below the dashboard's home folder with copies of the images."
        )
        if copied:
            _copy(dataset, curated, samples, stem)


def _copy(dataset: Dataset, curated: Curated, samples: Sequence[str], stem: str) -> None:
    with st.spinner(f"Copying {plural(len(samples), 'image')} …"):
        folder, problem = attempt(lambda: image_folder(dataset, curated, samples, home=workspace().home, name=stem))
    if problem:
        show_problem(problem)
        return
    st.success("Copied. `datasets.load_dataset('imagefolder', data_dir=…)` reads it:", icon=":material/check:")
    st.code(str(folder), language=None, wrap_lines=True)
