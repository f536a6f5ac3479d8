from __future__ import annotations

import dataclasses

import numpy as np

from audit.sources import ModelSource
from audit.workspace import Workspace
from pages.audit_matrix import Cell, matrix_html, overview_cells
from tests.pages.drawn import AUDIT

NUMBERS = (0.5, 0.4, 0.6, 0.7)


def html(cell: Cell, model: str = "one", chosen: str | None = None) -> str:
    return matrix_html({"toy": "Toy audit"}, [model], {("toy", model): cell}, chosen, "drawn")


def test_every_audit_of_every_model_has_its_cell(workspace: Workspace) -> None:
    workspace.add_model(ModelSource(spec="precomputed?prediction=label", name="oracle"))
    cells = overview_cells("drawn", workspace.load_dataset("drawn"), list(workspace.models()))
    told = cells[AUDIT, "prediction"]
    assert (told.state, told.icon) == ("differs", "▲")
    assert told.value == "83.3 %"
    assert cells[AUDIT, "oracle"].words == "not computed yet"


def test_an_answer_of_changed_data_is_not_shown(workspace: Workspace) -> None:
    dataset = workspace.load_dataset("drawn").subset(np.arange(60) < 30)
    cells = overview_cells("drawn", dataset, ["prediction"])
    assert cells[AUDIT, "prediction"].state == "waiting"


def test_a_cell_tells_state_number_and_interval_in_words() -> None:
    cell = Cell(state="differs", icon="▲", words="differs", value="50.0 %", interval="40.0 to 60.0 %", numbers=NUMBERS)
    cell = dataclasses.replace(cell, measure="drop <b>")
    shown = html(cell)
    assert "drop &lt;b&gt;" in shown
    assert "▲" in shown
    assert "differs" in shown
    assert "40.0 to 60.0 %" in shown
    assert shown.count("<circle") == 1
    assert shown.count('class="null"') == 1


def test_a_cell_links_to_the_audit_with_dataset_model_and_settings() -> None:
    cell = Cell(state="differs", icon="▲", words="differs", settings={"set.k": "3"})
    assert 'href="audit-toy?dataset=drawn&amp;model=one&amp;set.k=3"' in html(cell)


def test_names_from_data_are_escaped() -> None:
    cell = Cell(state="waiting", icon="○", words="not computed yet", sentence='<img src=x onerror="1">')
    shown = html(cell, model="<b>m</b>")
    assert "<b>m" not in shown
    assert "<img" not in shown


def test_the_model_told_below_is_marked_in_words() -> None:
    cell = Cell(state="waiting", icon="○", words="not computed yet")
    assert "details below" in html(cell, chosen="one")
    assert "details below" not in html(cell, chosen="two")


def test_a_score_without_an_interval_is_a_dot_alone() -> None:
    cell = Cell(state="too_few", icon="◌", words="too few", value=".5", numbers=(0.5, np.nan, np.nan, np.nan))
    shown = html(cell)
    assert "<line" not in shown
    assert "<circle" in shown


def test_the_default_question_is_shown_before_a_newer_one(workspace: Workspace) -> None:
    from audit.run import run

    dataset = workspace.load_dataset("drawn")
    before = overview_cells("drawn", dataset, ["prediction"])[AUDIT, "prediction"]
    run(AUDIT, dataset, workspace.load_model("prediction"), store=workspace.store, settings={"draws": 500})
    assert overview_cells("drawn", dataset, ["prediction"])[AUDIT, "prediction"] == before


def test_what_the_chosen_model_lacks_is_said_in_its_cell(workspace: Workspace) -> None:
    workspace.add_model(ModelSource(spec="precomputed?prediction=gone", name="broken"))
    cells = overview_cells("drawn", workspace.load_dataset("drawn"), ["broken"], chosen="broken")
    assert (cells[AUDIT, "broken"].icon, cells[AUDIT, "broken"].words) == ("○", "something is missing")
    assert "no column 'gone'" in cells[AUDIT, "broken"].sentence
