"""What pages share while the app runs: the workspace, and the few datasets, models and figures kept in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.base import specification
from audit.errors import InputError
from audit.locations import home_folder
from audit.plots import score_figure
from audit.workspace import Workspace
from pages.charts import projected
from pages.state import choice_key

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from audit.base import Audit, Figure
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.panels import Panel
    from audit.result import Result
    from audit.sources import DatasetSource, ModelSource


def workspace() -> Workspace:
    """Return the workspace of the home folder that the dashboard was started with."""
    return _workspace(str(home_folder()))


@st.cache_resource(max_entries=4, show_spinner=False)
def _workspace(home: str) -> Workspace:
    return Workspace(home)


def chosen_dataset() -> str | None:
    """Return the name of the dataset chosen in the sidebar."""
    return st.session_state.get(choice_key("dataset"))


def chosen_model() -> str | None:
    """Return the name of the model chosen in the sidebar."""
    return st.session_state.get(choice_key("model"))


def dataset_of(name: str) -> Dataset:
    """Return a registered dataset, read once for each of its settings.

    Raises
    ------
    InputError
        If it cannot be read; the message names what to mend.
    """
    space = workspace()
    source = space.datasets().get(name)
    return _dataset(str(space.home), name, source)


@st.cache_resource(max_entries=3, show_spinner="Reading the dataset …")
def _dataset(home: str, name: str, source: DatasetSource | None) -> Dataset:  # noqa: ARG001 - the source is the key
    return _workspace(home).load_dataset(name)


def unusable_of(dataset: Dataset) -> pd.DataFrame:
    """Return the samples whose image cannot be used, with the reason: found on reading the data, or decoding images."""
    from audit.engine import quarantine

    return quarantine(dataset, workspace().store)


def model_of(name: str) -> Model:
    """Return a registered model, loaded once for each of its settings.

    Raises
    ------
    InputError
        If it cannot be loaded; the message names what to mend.
    """
    space = workspace()
    source = space.models().get(name)
    return _model(str(space.home), name, source)


@st.cache_resource(max_entries=2, show_spinner="Loading the model …")
def _model(home: str, name: str, source: ModelSource | None) -> Model:  # noqa: ARG001 - the source is the key
    return _workspace(home).load_model(name)


def forget_loaded() -> None:
    """Read datasets and models again the next time they are asked for."""
    _dataset.clear()
    _model.clear()


def result_of(key: str) -> Result:
    """Return a finished result of the store."""
    return _result(str(workspace().home), key)


# Results are write-once under their key, so a copy in memory cannot grow old.
@st.cache_resource(max_entries=24, show_spinner=False)
def _result(home: str, key: str) -> Result:
    return _workspace(home).store.read_result(key)[0]


def finished(audit: Audit, dataset_name: str, dataset: Dataset, model_name: str) -> Mapping[str, Any] | None:
    """Return the provenance of the result of exactly this question, ``None`` before it has been asked.

    Parameters
    ----------
    audit
        The audit with its parameters.
    dataset_name, model_name
        Names in the workspace.
    dataset
        The data with its present roles.
    """
    wanted = specification(audit)["fields"]
    for facts in workspace().runs(dataset=dataset_name, model=model_name, audit=audit.name()):
        same_data = facts["dataset_fingerprint"] == dataset.fingerprint
        if same_data and facts["settings"] == wanted and facts["audit_version"] == audit.version:
            return facts
    return None


def latest(audit_name: str, dataset_name: str, dataset: Dataset, model_name: str) -> Mapping[str, Any] | None:
    """Return the provenance of the newest result of an audit on this data and model, whatever its parameters."""
    for facts in workspace().runs(dataset=dataset_name, model=model_name, audit=audit_name):
        if facts["dataset_fingerprint"] == dataset.fingerprint:
            return facts
    return None


def figures_of(key: str, audit: Audit, dataset: Dataset) -> tuple[Figure, ...]:
    """Return a result's figures, enlarged and drawn once: the same object keeps a selection in the browser alive."""
    return _figures(str(workspace().home), key, audit, dataset)


# The key stands for the audit and the data; names that start with an underscore are not hashed.
@st.cache_resource(max_entries=24, show_spinner=False)
def _figures(home: str, key: str, _audit: Audit, _dataset: Dataset) -> tuple[Figure, ...]:
    drawn = _audit.figures(_result(home, key), _dataset)
    return tuple(dataclasses.replace(figure, figure=projected(figure.figure)) for figure in drawn)


def panels_of(key: str, audit: Audit, dataset: Dataset, where: str) -> tuple[Panel, ...]:
    """Return a result's panels for what is selected, their figures enlarged, made once."""
    return _panels(str(workspace().home), key, where, audit, dataset)


@st.cache_resource(max_entries=24, show_spinner=False)
def _panels(home: str, key: str, where: str, _audit: Audit, _dataset: Dataset) -> tuple[Panel, ...]:
    return tuple(enlarged(panel) for panel in _audit.panels(_result(home, key), _dataset, where))


def enlarged(panel: Panel) -> Panel:
    """Return a panel whose figures can be projected and fit a phone."""
    figures = tuple(dataclasses.replace(figure, figure=projected(figure.figure)) for figure in panel.figures)
    return dataclasses.replace(panel, figures=figures)


def number_of(key: str, audit: Audit) -> go.Figure:
    """Return the drawing of a result's one number, drawn once."""
    return _number(str(workspace().home), key, audit)


@st.cache_resource(max_entries=24, show_spinner=False)
def _number(home: str, key: str, _audit: Audit) -> go.Figure:
    result = _result(home, key)
    name = result.verdict.score
    figure = projected(score_figure(result.score(name), published=_audit.published.get(name)))
    # The line below the drawing says what each mark is, at any width.
    return figure.update_layout(showlegend=False, height=100, margin={"t": 6, "b": 36})


def attempt(action: Callable[[], Any]) -> tuple[Any, str]:
    """Return an action's value and an empty text, or ``None`` and what the user must mend."""
    try:
        return action(), ""
    except InputError as error:
        return None, str(error)


def is_dark() -> bool:
    """Return whether the browser shows the dark theme."""
    return st.context.theme.type == "dark"
