from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from audit.models import load_model
from audit.workspace import Workspace
from pages.model_list import added_words, families


def models_page() -> None:
    from pages.model_list import show_models

    show_models(None)


@pytest.fixture
def page(workspace: Workspace) -> AppTest:
    assert workspace.models()
    return AppTest.from_function(models_page, default_timeout=60)


def add(page: AppTest, family: str, name: str) -> AppTest:
    page.run()
    page.selectbox(key="model family").select(family).run()
    page.text_input(key=f"model name {family}").set_value(name)
    return next(button for button in page.button if button.label == "Add the model").click().run()


def test_the_first_family_is_one_that_can_be_audited(page: AppTest) -> None:
    page.run()
    assert page.selectbox(key="model family").value == "open_clip"
    assert list(families())[-2:] == ["captioner", "instruct"]


def test_what_was_added_is_said_once(page: AppTest, workspace: Workspace) -> None:
    add(page, "demo", "")
    assert not page.exception
    assert page.success[0].value.replace("\\", "").startswith("Added demo, on cpu: image encoder")
    assert "demo" in workspace.models()
    page.run()
    assert not page.success


def test_an_option_outside_the_declared_folders_is_refused_under_its_own_name(
    page: AppTest, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "names.txt").write_text("a\n", encoding="utf-8")
    add(page, "timm", f"resnet18.random?class_names={tmp_path}/names.txt")
    assert page.error[0].value.startswith("`class_names` must lie below")
    assert not any("resnet18" in name for name in workspace.models())


def test_a_model_that_only_answers_from_the_data_says_so() -> None:
    assert added_words("mine", load_model("precomputed")) == "Added mine, on cpu: answers that came with the data."
