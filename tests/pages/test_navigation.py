from __future__ import annotations

import ast
from pathlib import Path

from streamlit.testing.v1 import AppTest

import pages
from audit.registry import audits
from audit.workspace import Workspace
from pages.navigation import COMPARE, DATA, EXPLORE, HOME, audit_path

FOLDER = Path(pages.__path__[0])


def test_no_address_equals_a_files_name(workspace: Workspace) -> None:
    assert workspace.datasets()
    stems = {path.stem for path in FOLDER.glob("*.py")}
    addresses = {HOME, DATA, EXPLORE, COMPARE, *(audit_path(name) for name in audits())}
    assert len(addresses) == 4 + len(audits())
    assert not addresses & stems


def test_pages_hold_functions_only() -> None:
    calls = []
    for path in FOLDER.glob("*.py"):
        nodes = ast.parse(path.read_text(encoding="utf-8")).body
        calls += [path.name for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    assert calls == []


def test_the_app_shows_a_page_for_every_audit_it_finds(workspace: Workspace) -> None:
    assert workspace.datasets()
    app = AppTest.from_file(str(FOLDER.parent / "app.py"), default_timeout=90).run()
    assert not app.exception
    assert [box.value for box in app.sidebar.selectbox] == ["drawn", "prediction"]
    shown = " ".join(heading.value for heading in app.subheader).replace("\\", "")
    for audit in audits().values():
        assert audit.title in shown
