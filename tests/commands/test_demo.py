from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit import demo, registry
from audit.commands.demo import prepare
from audit.workspace import DatasetSource, Workspace

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw worlds of few pictures."""

    def write_demo(folder: Path) -> dict[str, Path]:
        worlds: tuple[demo.World, ...] = ("menagerie", "tissue")
        return {name: demo.write_world(name, folder / name, n=60, split="test", seed=1, workers=1) for name in worlds}

    monkeypatch.setattr("audit.demo.write_demo", write_demo)


def test_the_worlds_and_the_bundled_model_are_registered_once(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    assert prepare(space) == prepare(space) == ["menagerie", "tissue"]
    assert list(space.datasets()) == ["menagerie", "tissue"]
    assert list(space.models()) == ["demo"]
    assert len(space.load_dataset("menagerie")) == 60


def test_roles_that_the_user_chose_for_the_example_stay(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    prepare(space)
    path = space.datasets()["tissue"].path
    space.add_dataset(DatasetSource(path=path, name="tissue", roles={"label": "center"}))
    prepare(space)
    assert space.datasets()["tissue"].roles == {"label": "center"}


def test_every_audit_is_run_on_both_worlds_or_left_out_with_its_reasons(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two audits stand for all: one that can be run, and one that lacks something.
    known = {name: owner for name, owner in registry.audits().items() if name in {"subgroup_discrepancy", "toy"}}
    monkeypatch.setattr(registry, "audits", lambda: known)
    monkeypatch.setattr(known["toy"], "missing", lambda *_: ["a reason"])
    said = cli("demo", "--no-serve", "--json")
    assert said.status == 0, said.err
    answer = said.json
    subgroup = [run["dataset"] for run in answer["runs"] if run["audit"] == "subgroup_discrepancy"]
    assert subgroup == ["menagerie", "tissue"]
    assert all(run["model"] == "demo" for run in answer["runs"])
    assert answer["left_out"] == [
        {"audit": "toy", "dataset": name, "reasons": ["a reason"]} for name in ("menagerie", "tissue")
    ]

    # The second time everything is there already, and the table says the same.
    text = cli("demo", "--no-serve").out
    lines = [line for line in text.splitlines() if line.startswith("subgroup_discrepancy")]
    assert [line.split()[1] for line in lines] == ["menagerie", "tissue"]
    assert text.splitlines()[0].split()[:4] == ["audit", "dataset", "verdict", "score"]
    assert "Left out: toy on tissue: a reason." in text.splitlines()
