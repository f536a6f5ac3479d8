from __future__ import annotations

import os
from pathlib import Path

from streamlit.testing.v1 import AppTest

from audit.preferences import read_preferences
from audit.sources import DatasetSource
from audit.workspace import Workspace
from pages.tour import is_example


def tour_page() -> None:
    import streamlit as st

    from pages.state import choice_key
    from pages.tour import show_tour

    st.session_state.setdefault(choice_key("dataset"), "example")
    st.session_state[choice_key("model")] = "prediction"
    show_tour()


def with_example(workspace: Workspace, samples: Path) -> None:
    """Register the drawn samples a second time, from the folder of the bundled worlds."""
    folder = workspace.demo_folder / "example"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    (folder / "samples.csv").write_bytes((samples / "samples.csv").read_bytes())
    workspace.add_dataset(DatasetSource(path=str(folder / "samples.csv"), name="example"))


def test_the_tour_is_there_on_the_bundled_example_and_closed_for_good(
    workspace: Workspace, drawn_samples: Path
) -> None:
    with_example(workspace, drawn_samples)
    page = AppTest.from_function(tour_page, default_timeout=60).run()
    assert not page.exception
    assert "New here?" in page.markdown[0].value
    assert [text.value[:4] for text in page.markdown[1:]] == ["**1.", "**2.", "**3."]
    page.button(key="close tour").click().run()
    assert not page.markdown
    assert read_preferences(Path(os.environ["MODEL_AUDIT_HOME"])).tour_seen
    assert not AppTest.from_function(tour_page, default_timeout=60).run().markdown


def test_data_of_ones_own_has_no_tour(workspace: Workspace) -> None:
    assert not is_example(workspace, "drawn")
    page = AppTest.from_function(tour_page, default_timeout=60)
    page.session_state["chosen dataset"] = "drawn"
    assert not page.run().markdown
