import sys
from pathlib import Path

import pytest

from audit import registry
from audit.base import Audit
from audit.errors import InputError

AUDIT = """
from audit.base import Audit
class {name}(Audit):
    title, category, question, reference, reading = "{title}", "{category}", "?", "", ""
    def requires(self, dataset, model): return ()
    def __call__(self, outputs): raise NotImplementedError
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("stranger"):
            del sys.modules[name]


def install(site: Path, name: str, group: str, value: str) -> None:
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (folder / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n", encoding="utf-8")


def test_every_audit_is_named_by_its_module() -> None:
    found = registry.audits()
    assert "subgroup_discrepancy" in found
    assert all(audit.__module__.endswith(f".{name}") for name, audit in found.items())


def test_readers_and_model_families_come_through_the_same_door() -> None:
    assert "audit.readers.table" in {module.__name__ for module in registry.modules("audit.readers")}
    assert "audit.models.open_clip" in {module.__name__ for module in registry.modules("audit.models")}


def test_a_strangers_module_is_found(site: Path) -> None:
    (site / "stranger_one.py").write_text(AUDIT.format(name="One", title="Z", category="A"), encoding="utf-8")
    install(site, "stranger-one", "audit.audits", "stranger_one")
    assert registry.audit_class("stranger_one").title == "Z"


def test_a_strangers_package_is_searched_but_not_its_private_modules(site: Path) -> None:
    package = site / "stranger_many"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    for module in ("first", "second", "_private"):
        text = AUDIT.format(name=module.strip("_").title(), title=module, category="A")
        (package / f"{module}.py").write_text(text, encoding="utf-8")
    install(site, "stranger-many", "audit.audits", "stranger_many")
    assert {"first", "second"} <= set(registry.audits())
    assert "_private" not in registry.audits()


def test_an_imported_or_abstract_class_is_no_audit_of_the_module(site: Path) -> None:
    text = "from audit.audits.subgroup_discrepancy import *\nfrom audit.base import Audit\n"
    text += "class Unfinished(Audit):\n    pass\n"
    (site / "stranger_none.py").write_text(text, encoding="utf-8")
    install(site, "stranger-none", "audit.audits", "stranger_none")
    assert "stranger_none" not in registry.audits()


def test_two_audits_of_one_name_are_an_error_that_names_both(site: Path) -> None:
    package = site / "stranger_twin"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    text = AUDIT.format(name="Twin", title="Twin", category="A")
    (package / "subgroup_discrepancy.py").write_text(text, encoding="utf-8")
    install(site, "stranger-twin", "audit.audits", "stranger_twin")
    with pytest.raises(InputError, match=r"stranger_twin\.subgroup_discrepancy"):
        registry.audits()


def test_audits_are_in_the_order_of_category_and_title(site: Path) -> None:
    (site / "stranger_last.py").write_text(AUDIT.format(name="Last", title="A", category="Zoo"), encoding="utf-8")
    install(site, "stranger-last", "audit.audits", "stranger_last")
    facts = [(audit.category, audit.title) for audit in registry.audits().values()]
    assert facts[0][0] == "Groups"
    assert [category for category, _ in facts if category in registry.CATEGORIES] == sorted(
        (category for category, _ in facts if category in registry.CATEGORIES), key=registry.CATEGORIES.index
    )
    for category in {category for category, _ in facts}:
        titles = [title for other, title in facts if other == category]
        assert titles == sorted(titles)
    assert list(registry.audits())[-1] == "stranger_last"


def test_an_unknown_name_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"subgroup_discrepancy.*got 'nonsense'"):
        registry.audit_class("nonsense")


def test_what_is_found_is_an_audit() -> None:
    assert all(issubclass(audit, Audit) for audit in registry.audits().values())
