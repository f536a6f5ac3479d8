"""A result from top to bottom, the same for every audit: verdict, number, figures, tables, gallery, reading, next."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from audit.errors import InputError
from audit.judged import judged, wrong_first
from audit.wording import in_words, plural, unbroken
from pages.changed_images import show_changed_images
from pages.charts import show_figure
from pages.compare_sets import show_compare_sets
from pages.corrections import show_corrections
from pages.findings import show_add_finding
from pages.gallery import show_gallery
from pages.job_panel import escape_markdown
from pages.markup import elapsed, notes_html, score_words, verdict_html
from pages.navigation import COMPARE, EXPLORE, REPORT, link
from pages.panels_view import show_examination, show_panels
from pages.people import marks_of
from pages.sample_rows import download_table
from pages.selection import prediction_column, rows_of, sample_table, where_text, with_image
from pages.session import chosen_dataset, chosen_model, figures_of, number_of, workspace
from pages.state import link_parameters, say_again
from pages.tables import show_table
from pages.tagging import show_tagging

if TYPE_CHECKING:
    from audit.base import Audit, Figure
    from audit.dataset import Dataset
    from audit.result import Result
    from pages.state import PageState


def show_result(audit: Audit, result: Result, facts: Mapping[str, Any], dataset: Dataset, state: PageState) -> None:
    """Show an audit's answer.

    Parameters
    ----------
    audit
        The audit with its parameters.
    result
        What it found.
    facts
        Provenance of the result.
    dataset
        The data.
    state
        The page's state; holds the selected row and sample.
    """
    key = str(facts["key"])
    st.html(verdict_html(result.verdict))
    show_number(audit, result, key=key)
    _show_figures(audit, key, dataset, state)
    show_panels(audit, dataset, state, key=key)
    _show_tables(audit, result, key, state)
    shown = _show_gallery(result, dataset, state, key)
    show_changed_images(audit, result, dataset, shown, state["sample"], key=key)
    show_examination(audit, result, dataset, state, key=f"{key} examine")
    show_corrections(audit, dataset, shown, key=f"{key} corrections")
    _show_reading(audit, result, facts)
    _show_next(audit, result, facts, dataset, state=state, shown=shown)


def show_number(audit: Audit, result: Result, *, key: str) -> None:
    """Show the one number that matters: drawn, and in words with everything it travels with.

    Parameters
    ----------
    audit
        The audit with its parameters.
    result
        What it found.
    key
        The result's key in the store.
    """
    name = result.verdict.score
    if name not in result.overall.index:
        return
    row = result.score(name)
    words = score_words(name, row)
    published = audit.published.get(name)
    if pd.notna(row["value"]):
        show_figure(number_of(key, audit), key=f"{key} number", text=words)
    if published:
        words += " · ▏published models"
    with st.container(key=f"said-{key}".replace(" ", "-")):
        st.caption(escape_markdown(unbroken(words)), help=escape_markdown(audit.meanings.get(name, "")) or None)


def _show_figures(audit: Audit, key: str, dataset: Dataset, state: PageState) -> None:
    def pick(where: str) -> None:
        state.update({"where": where or None, "page": None, "sample": None})

    figures = figures_of(key, audit, dataset)
    if not figures:
        return
    first, *further = figures
    st.subheader(escape_markdown(first.title), anchor=False)
    show_figure(first.figure, key=f"{key} figure", text=first.text, on_pick=pick)
    if further:
        st.subheader("Further views", anchor=False)
        show_views(further, key=key, on_pick=pick)


def show_views(figures: Sequence[Figure], *, key: str, on_pick: Callable[[str], None] | None = None) -> None:
    """Show several figures behind their titles, one at a time.

    Parameters
    ----------
    figures
        With their titles and texts.
    key
        Unique name.
    on_pick
        Called with what a clicked point carries.
    """
    places = st.tabs([escape_markdown(figure.title) for figure in figures], key=f"{key} views", on_change="rerun")
    for position, (place, figure) in enumerate(zip(places, figures, strict=True)):
        with place:
            # Only the open one is sent to the browser.
            if not place.open:
                continue
            show_figure(figure.figure, key=f"{key} view {position}", text=figure.text, on_pick=on_pick)


def _show_tables(audit: Audit, result: Result, key: str, state: PageState) -> None:
    st.subheader("All scores", anchor=False)
    show_table(result.overall, key=f"{key} overall", own_axis=True, meanings=audit.meanings, kept=True)
    _show_meanings(result, audit.meanings)
    table, kind = table_of_kind(result.by_group, state, key)
    if table.empty:
        return
    words = in_words(kind or str(table.index.name))
    st.subheader(escape_markdown(f"By {words}"), anchor=False)
    if table.index.name in ("row", "group"):
        # A name that a column has too would leave the heading empty.
        table = table.drop(columns=[column for column in table.columns if _says_the_same(table, str(column), words)])
        table = table if words in table.columns else table.rename_axis(words)
    selectable = "where" in table.columns
    if selectable:
        st.caption("Click a row to see its images below.")
    wheres = [str(where) for where in table["where"]] if selectable else []
    chosen = wheres.index(state["where"]) if state["where"] in wheres else None
    row = show_table(
        table, key=f"{key} groups {kind}", select=selectable, chosen=chosen, meanings=audit.meanings, kept=True
    )
    memory = f"{key} row {kind}"
    clicked = selectable and row != st.session_state.get(memory, chosen)
    st.session_state[memory] = row
    if clicked:
        # Only a click moves the link: a point picked in a figure stays until a row is clicked.
        state.update({"where": wheres[row] if row is not None else None, "page": None, "sample": None})
        # The panels above the table are about the row too.
        st.rerun()


def _says_the_same(table: pd.DataFrame, column: str, words: str) -> bool:
    """Return whether a column has the heading of the rows' names and says nothing that is not in them."""
    if in_words(column) != words:
        return False
    values = [f"{value:g}" if isinstance(value, float) else str(value) for value in table[column]]
    return all(
        value in name.split() or value == name for value, name in zip(values, map(str, table.index), strict=True)
    )


def _show_meanings(result: Result, meanings: Mapping[str, str]) -> None:
    """Say under a heading that opens what each score says, in the table's order."""
    told = [score for score in result.overall.index if score in meanings]
    if not told:
        return
    with st.expander("What each score says", icon=":material/help:"):
        lines = [f"- **{escape_markdown(in_words(score))}**: {escape_markdown(meanings[score])}" for score in told]
        st.markdown("\n".join(lines))


def table_of_kind(table: pd.DataFrame, state: PageState, key: str) -> tuple[pd.DataFrame, str]:
    """Return the rows of the kind that the page shows; a picker appears when there are several."""
    if "kind" not in table.columns:
        return table, ""
    kinds = [str(kind) for kind in table["kind"].dropna().unique()]
    if len(kinds) < 2:
        return table, kinds[0] if kinds else ""
    name = f"{key} kind"
    if st.session_state.get(name) not in kinds or st.session_state.get(f"{name} linked") != state["kind"]:
        st.session_state[name] = state["kind"] if state["kind"] in kinds else kinds[0]
    say_again(name)
    kind = st.segmented_control(
        "Table", kinds, key=name, required=True, format_func=lambda text: escape_markdown(in_words(text))
    )
    state.update({"kind": kind if kind != kinds[0] else None})
    st.session_state[f"{name} linked"] = state["kind"]
    return table[table["kind"].astype("str") == kind], str(kind)


def _show_gallery(result: Result, dataset: Dataset, state: PageState, key: str) -> pd.DataFrame:
    """Show the images of the selected row and return their rows."""
    table = sample_table(dataset, result)
    where = state["where"] or result.verdict.where
    try:
        rows = table[rows_of(where, table)]
    except InputError as error:
        st.warning(escape_markdown(str(error)), icon=":material/link_off:")
        where, rows = "", table
    prediction = prediction_column(dataset, table, precomputed_column())
    rows = wrong_first(rows, dataset.roles.label, prediction)
    behind = "Images behind the number" if where and not state["where"] else "Images"
    st.subheader(behind if not where else escape_markdown(f"{behind}: {where_text(where)}"), anchor=False)
    pictured = with_image(dataset, rows)
    st.caption(gallery_words(rows, dataset.roles.label, prediction, pictured=bool(len(pictured))))
    if len(pictured):
        if len(pictured) < len(rows):
            st.caption(f"Shown are the {plural(len(pictured), 'sample')} with a usable image.")
        tags = [column for column in json.loads(where or "{}") if column not in (dataset.roles.label, prediction)]
        bar = st.container()
        marks = marks_of(dataset)
        show_gallery(dataset, pictured, state, prediction=prediction, tags=tags, marks=marks, key=key)
        with bar:
            show_tagging(dataset, rows, key=key, source=where_text(where))
    else:
        st.dataframe(rows.head(500), key=f"{key} rows")
    return rows


def gallery_words(
    rows: pd.DataFrame,
    label: str | None,
    prediction: str | None,
    *,
    sorted_already: bool = False,
    pictured: bool = False,
) -> str:
    """Return how many samples are shown, and how many of them are wrongly predicted: they come first unless sorted.

    Samples without a prediction or a label are neither wrong nor right, and are counted as such. With pictures, what
    stands below each is said too; nothing is struck where every prediction is right.
    """
    words = plural(len(rows), "sample")
    if label is None or prediction is None or rows.empty:
        return words
    wrong, right = judged(rows, label, prediction)
    n, of_them = int((wrong | right).sum()), int(wrong.sum())
    unpredicted = int(rows[prediction].isna().sum())
    lacking = {"prediction": unpredicted, "label": len(rows) - n - unpredicted}
    without = "".join(f", {count:,} without a {what}" for what, count in lacking.items() if count)
    if not n:
        return words + without
    told = f"{of_them:,} of {'them' if n == len(rows) else f'the other {n:,}'} predicted wrongly"
    order = "; the wrong ones come first" if 0 < of_them < len(rows) and not sorted_already else ""
    below = "; bold: the label, struck through: the model's wrong answer" if of_them and pictured else ""
    return f"{words}{without}, {told} ({100 * of_them / n:.1f} %){order}{below}"


def precomputed_column() -> str | None:
    """Return the column that the chosen model stands for, when it is a column of predictions."""
    source = workspace().models().get(chosen_model() or "")
    if source is None or not source.spec.startswith("precomputed?"):
        return None
    pairs = dict(pair.partition("=")[::2] for pair in source.spec.partition("?")[2].split("&"))
    return pairs.get("prediction")


def _show_reading(audit: Audit, result: Result, facts: Mapping[str, Any]) -> None:
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(escape_markdown(audit.reading))
        if audit.formula:
            st.latex(audit.formula)
        st.caption(escape_markdown(audit.reference))
    noted = f" ({plural(len(result.notes), 'note')})" if result.notes else ""
    with st.expander(f"Limits{noted}", icon=":material/rule:"):
        if audit.limits:
            st.markdown(escape_markdown(audit.limits))
        if result.notes:
            st.html(notes_html(result.notes))
        st.caption(escape_markdown(provenance_words(facts)))


def provenance_words(facts: Mapping[str, Any]) -> str:
    """Return when, on what and in how long a result was computed."""
    when = datetime.fromisoformat(str(facts["created"])).strftime("%d %B %Y, %H:%M")
    took = elapsed(float(facts["seconds"]))
    versions = facts.get("versions", {})
    by = f", Model Audit {versions['model-audit']}" if "model-audit" in versions else ""
    samples = plural(int(facts["samples"]), "sample")
    return f"Computed {when} UTC in {took} on {samples} of “{facts['dataset']}” with {facts['model']}{by}."


def _show_next(
    audit: Audit,
    result: Result,
    facts: Mapping[str, Any],
    dataset: Dataset,
    *,
    state: PageState,
    shown: pd.DataFrame,
) -> None:
    st.subheader("What next", anchor=False)
    name, key = audit.name(), str(facts["key"])
    with st.container(horizontal=True, gap="small"):
        where = state["where"] or result.verdict.where
        selection = {"where": where, "from": key} if where else {"from": key}
        link(EXPLORE, f"Open {plural(len(shown), 'image')} in Explore", selection, icon=":material/bubble_chart:")
        link(COMPARE, "Compare with another model", {"audit": name}, icon=":material/compare_arrows:")
        link(REPORT, "Write a report", {"run": key}, icon=":material/description:")
    if state["where"]:
        show_compare_sets(dataset, shown, state["where"], where_text(state["where"]), key=f"{key} sets")
    with st.container(horizontal=True, gap="small"):
        prediction = prediction_column(dataset, shown, precomputed_column())
        chosen = {"where": where, "kind": state["kind"]}
        show_add_finding(audit, result, facts, dataset, shown, prediction=prediction, key=key, **chosen)
        for table, words in ((result.overall, "Scores"), (result.by_group, "Groups"), (shown, "Samples")):
            with st.popover(f"Download {words.lower()}", icon=":material/download:"):
                download_table(table, f"{name}-{words.lower()}", key=f"{key} {words}", label=words)
        with st.popover("Link to this page", icon=":material/link:"):
            st.caption("Opens this dataset, model, audit, settings and selection.")
            st.code(page_url(), language=None, wrap_lines=True)


def page_url() -> str:
    """Return the address of the page as it stands."""
    base = str(st.context.url or "").partition("?")[0]
    held = {**link_parameters(chosen_dataset(), chosen_model()), **st.query_params.to_dict()}
    return f"{base}?{urlencode(held)}"
