"""Curation: what to look at first, what people found, who did it, and the corrected set as files."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from audit.curation.queues import MOST_COMPARED, Queue, queues
from audit.wording import plural
from pages.activity import show_activity
from pages.colouring import linked_table
from pages.curation_files import show_export
from pages.embeddings import show_embeddings
from pages.gallery import Selection, show_gallery
from pages.job_panel import escape_markdown, show_problem
from pages.markup import empty_html, facts_html, heading_html
from pages.navigation import CURATE, DATA, EXPLORE, link
from pages.people import author_field, curated_of, curation_of, marks_of
from pages.result_view import precomputed_column
from pages.selection import cards, opened_sample, prediction_column
from pages.session import attempt, chosen_dataset, chosen_model, dataset_of, model_of, result_of, unusable_of, workspace
from pages.state import PageState
from pages.tagging import show_tagging

if TYPE_CHECKING:
    from audit.curation.board import Curated
    from audit.dataset import Dataset
    from audit.similarity import StoredEmbeddings

_TAG = "tag:"
_TABLE_ROWS = 2_000


def show() -> None:
    """Show the curation of the chosen dataset."""
    st.html(
        heading_html(
            "",
            "Curate",
            "Look at the samples that matter, tag them, correct their labels, and take the corrected set with you. "
            "Your files stay as they are.",
        )
    )
    name = chosen_dataset()
    if name is None:
        st.html(empty_html("No dataset yet", "Add a dataset first; its samples are tagged and corrected here."))
        link(DATA, "Add a dataset", icon=":material/add:")
        return
    dataset, problem = attempt(lambda: dataset_of(name))
    if problem:
        show_problem(problem)
        link(DATA, "Mend it on the data page", icon=":material/database:")
        return
    state = PageState(CURATE)
    curated, problem = attempt(lambda: curated_of(dataset, name))
    if problem:
        show_problem(problem)
        return
    author_field("curate")
    st.html(facts_html(curated_facts(curated)))
    worth_a_look, lacking = st.container(), st.container()
    with lacking:
        offered = _offered(dataset, name, curated)
    with worth_a_look:
        chosen = _pick(state, offered)
    _show_samples(dataset, name, curated, chosen, state)
    show_activity(curation_of(dataset, name))


def curated_facts(curated: Curated) -> dict[str, str]:
    """Return how much has been curated, as names and values."""
    people = pd.concat([curated.tags["author"], curated.notes["author"], curated.labels["author"]]).nunique()
    facts = {
        "Tagged": plural(int(curated.tags["sample_id"].nunique()), "sample"),
        "Corrected": plural(len(curated.labels), "label"),
        "Notes": f"{len(curated.notes):,}",
        "People": f"{people:,}",
    }
    if curated.passed_over:
        facts["Changed since"] = plural(len(curated.passed_over), "image")
    return facts


def _offered(dataset: Dataset, name: str, curated: Curated) -> dict[str, Queue]:
    """Return everything that can be looked at, by its name in the link."""
    found = {queue.name: queue for queue in _suggested(dataset, name)}
    for tag, n in curated.tag_counts().items():
        samples = curated.tags.loc[curated.tags["tag"] == tag, "sample_id"]
        found[_TAG + tag] = Queue(
            name=_TAG + tag, title=f"Tagged “{tag}”", reason=f"{plural(n, 'sample')}.", samples=tuple(samples)
        )
    if len(curated.labels):
        found["corrected"] = Queue(
            name="corrected",
            title="Corrected labels",
            reason="Somebody said what the label should be.",
            samples=tuple(curated.labels["sample_id"]),
        )
    if len(curated.notes):
        found["noted"] = Queue(
            name="noted",
            title="With notes",
            reason="Somebody wrote something about them.",
            samples=tuple(dict.fromkeys(curated.notes["sample_id"])),
        )
    everything = Queue(name="", title="All samples", reason="In the order of the dataset.", samples=())
    return {**found, "": dataclasses.replace(everything, samples=tuple(map(str, dataset.index)))}


def _suggested(dataset: Dataset, name: str) -> tuple[Queue, ...]:
    keys = tuple(
        str(facts["key"])
        for facts in workspace().runs(dataset=name, model=chosen_model())
        if facts["dataset_fingerprint"] == dataset.fingerprint
    )
    stored = _stored(dataset)
    seen_by = chosen_model() if stored is not None else None
    unusable = unusable_of(dataset)
    facts = (str(workspace().home), dataset.fingerprint, keys, seen_by, len(unusable))
    return _queues(*facts, dataset, stored, unusable)


def _stored(dataset: Dataset) -> StoredEmbeddings | None:
    """Return the chosen model's embeddings where a split makes them worth comparing, or the job that makes them."""
    name = chosen_model()
    if dataset.roles.split is None or name is None:
        return None
    model, problem = attempt(lambda: model_of(name))
    if problem or not ("image_encoder" in model.abilities or "embeddings" in dataset.arrays):
        return None
    return show_embeddings(dataset, "Finding nearly equal images in two splits", key="curate")


# The same results on the same data make the same queues.
@st.cache_resource(max_entries=6, show_spinner="Looking for what matters …")
def _queues(
    home: str,  # noqa: ARG001 - part of the key
    fingerprint: str,  # noqa: ARG001
    keys: tuple[str, ...],
    seen_by: str | None,  # noqa: ARG001
    unusable: int,  # noqa: ARG001
    _dataset: Dataset,
    _stored: StoredEmbeddings | None,
    _unusable: pd.DataFrame,
) -> tuple[Queue, ...]:
    results = [(result_of(key), {"key": key}) for key in keys]
    vectors = None
    if _stored is not None and len(_dataset) <= MOST_COMPARED:
        vectors = np.full((len(_dataset), _stored.vectors.shape[1]), np.nan, dtype=np.float32)
        vectors[_dataset.index.get_indexer(_stored.index)] = _stored.vectors
    return queues(_dataset, results, vectors, quarantine=_unusable)


def _pick(state: PageState, offered: dict[str, Queue]) -> Queue:
    """Show what can be looked at, the suggested queues as cards, and return what is chosen."""
    suggested = [queue for queue in offered.values() if queue.name and not _made_by_people(queue)]
    st.subheader("Worth a look", anchor=False)
    if suggested:
        with st.grid(min_column_width=280, gap="small"):
            for queue in suggested:
                _card(queue, state)
    else:
        st.caption("Nothing stands out yet. Queues appear here once audits have answers for this dataset and model.")
        link(EXPLORE, "Draw around samples on the map", icon=":material/bubble_chart:")
    options = list(offered)
    key = "curate queue"
    wanted = state["queue"] if state["queue"] in offered else ""

    def words(option: str) -> str:
        return f"{offered[option].title} ({len(offered[option].samples):,})"

    held = st.session_state.get(key)
    if held not in options or st.session_state.get(f"{key} linked") != state["queue"]:
        st.session_state[key] = wanted
    elif st.session_state.get(f"{key} words") != words(held):
        # Told anew, or the browser goes on showing the count of before.
        st.session_state[key] = held
    chosen = str(st.selectbox("Show", options, key=key, format_func=words, width=480))
    if chosen != wanted:
        state.update({"queue": chosen or None, "page": None, "sample": None})
    st.session_state[f"{key} linked"] = state["queue"]
    st.session_state[f"{key} words"] = words(chosen)
    return offered[chosen]


def _made_by_people(queue: Queue) -> bool:
    return queue.name.startswith(_TAG) or queue.name in ("corrected", "noted")


def _card(queue: Queue, state: PageState) -> None:
    def choose() -> None:
        state.update({"queue": queue.name, "page": None, "sample": None})

    with st.container(border=True, height="stretch"):
        st.markdown(f"**{escape_markdown(queue.title)}**")
        st.caption(escape_markdown(queue.reason))
        st.button(
            f"Look at {plural(len(queue.samples), 'sample')}",
            key=f"queue {queue.name}",
            on_click=choose,
            icon=":material/visibility:",
        )


def _show_samples(dataset: Dataset, name: str, curated: Curated, queue: Queue, state: PageState) -> None:
    model_name = chosen_model()
    table = linked_table(dataset, queue.source, name, model_name or "")
    rows = table.loc[list(queue.samples)]
    prediction = prediction_column(dataset, table, precomputed_column() if model_name else None)
    st.subheader(escape_markdown(queue.title), anchor=False)
    st.caption(escape_markdown(queue.reason))
    bar = st.container()
    if dataset.has_images:
        show_gallery(dataset, rows, state, prediction=prediction, marks=marks_of(dataset), key="curate")
    if opened_sample(state["sample"], table):
        _show_history(curated, state["sample"])
    with bar:
        show_tagging(dataset, rows, key="curate", source=queue.title)
        if queue.name.startswith(_TAG):
            _show_untag(dataset, name, rows, queue.name.removeprefix(_TAG))
    shown = Selection.of("curate").among(rows) or [str(sample) for sample in rows.index]
    heading = f"Table of {plural(len(rows), 'row')}"
    box = st.expander(
        heading, icon=":material/table:", expanded=not dataset.has_images, key="curate table", on_change="rerun"
    )
    if box.open:
        with box:
            st.dataframe(_table(dataset, rows, curated, prediction), key="curate rows")
            if len(rows) > _TABLE_ROWS:
                st.caption(f"The first {_TABLE_ROWS:,}; an export holds all {len(rows):,}.")
    show_export(dataset, name, curated, shown)


def _table(dataset: Dataset, rows: pd.DataFrame, curated: Curated, prediction: str | None) -> pd.DataFrame:
    shown = cards(dataset, rows.head(_TABLE_ROWS), list(rows.index[:_TABLE_ROWS]), prediction=prediction)
    marks, labels = marks_of(dataset), curated.labels.set_index("sample_id")["label"]
    return pd.DataFrame(
        {
            "label": [card.label for card in shown],
            "corrected": [str(labels.get(card.sample_id, "")) for card in shown],
            "predicted": [card.prediction for card in shown],
            "tags": [", ".join(marks.get(card.sample_id, ())) for card in shown],
            "attribute": [card.tag for card in shown],
        },
        index=pd.Index([card.sample_id for card in shown], name="sample_id"),
    )


def _show_history(curated: Curated, sample: str) -> None:
    """Show what people said about one sample, in order."""
    kept = ((curated.tags, "tag"), (curated.notes, "note"), (curated.labels, "label"))
    own = [(rows[rows["sample_id"] == sample], column) for rows, column in kept]
    parts = [rows.assign(what=f"{column}: " + rows[column].astype("str")) for rows, column in own]
    found = pd.concat(parts).sort_values("created", kind="stable")
    for row in found.itertuples():
        when = str(row.created)[:16].replace("T", " ")
        st.caption(escape_markdown(f"{row.what} ({row.author}, {when} UTC)"))


def _show_untag(dataset: Dataset, name: str, rows: pd.DataFrame, tag: str) -> None:
    selection = Selection.of("curate")
    samples = selection.among(rows) or [str(sample) for sample in rows.index]
    author = str(st.session_state.get("author", ""))
    if st.button(
        f"Take “{tag}” off {plural(len(samples), 'sample')}",
        key="take tag off",
        icon=":material/label_off:",
        disabled=not author,
        help=None if author else "Write your name above first.",
    ):
        _, problem = attempt(lambda: curation_of(dataset, name).untag(samples, tag, author=author))
        if problem:
            show_problem(problem)
            return
        selection.clear()
        st.rerun()
