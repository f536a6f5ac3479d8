from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from audit.preferences import read_preferences
from audit.workspace import Workspace
from pages import settings
from pages.settings import endpoint_facts, version_facts


def settings_page() -> None:
    from pages.settings import show

    show()


def words(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.error]
    return " ".join([part.value for part in parts] + [block.body for block in page.html]).replace("\\", "")


@pytest.fixture
def page(workspace: Workspace) -> AppTest:
    assert workspace.datasets()
    return AppTest.from_function(settings_page, default_timeout=60)


def test_folders_home_database_and_versions_are_told(page: AppTest, workspace: Workspace) -> None:
    page.run()
    assert not page.exception
    assert all(str(root) in words(page) for root in workspace.roots)
    assert str(workspace.home) in words(page)
    assert "people.sqlite" in words(page)
    assert "<dt>torch</dt>" in words(page)


def test_a_folder_in_use_stays_and_an_unused_one_can_go(page: AppTest, workspace: Workspace) -> None:
    used = workspace.load_dataset("drawn").root
    assert used is not None
    root = used.parent
    page.run()
    assert page.button(key=f"forget {root}").disabled
    workspace.remove_dataset("drawn")
    page.run()
    page.button(key=f"forget {root}").click().run()
    assert root not in workspace.roots


def test_the_device_is_kept_for_every_model(page: AppTest, workspace: Workspace) -> None:
    page.run()
    page.button_group(key="default device").set_value("cpu").run()
    assert not page.exception
    assert read_preferences(workspace.home).device == "cpu"


def test_a_device_that_is_not_there_is_refused(
    page: AppTest, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "device_problem", lambda _: "This machine has none.")
    page.run()
    page.button_group(key="default device").set_value("cuda").run()
    assert "This machine has none." in words(page)
    assert read_preferences(workspace.home).device == "auto"


def test_of_a_key_only_its_presence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_AUDIT_ENDPOINT", "http://localhost:8000/v1")
    monkeypatch.setenv("MODEL_AUDIT_ENDPOINT_MODEL", "small")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    facts = endpoint_facts()
    assert facts["Key"] == "given"
    assert "sk-secret" not in str(facts)
    assert facts["Model"] == "small"


def test_a_wrong_endpoint_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_AUDIT_ENDPOINT", "http://user:secret@host/v1")
    monkeypatch.setenv("MODEL_AUDIT_ENDPOINT_MODEL", "small")
    assert "must be an address" in endpoint_facts()["Endpoint"]
    assert "secret" not in str(endpoint_facts())


def test_the_versions_are_those_of_a_results_provenance() -> None:
    assert {"python", "numpy", "model-audit", "system"} <= set(version_facts())
