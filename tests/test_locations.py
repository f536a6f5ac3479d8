from pathlib import Path

import pytest

from audit import locations
from audit.errors import InputError


def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "site-packages" / "audit"
    (package / "dashboard").mkdir(parents=True)
    monkeypatch.setattr(locations, "_PACKAGE", package)
    return package


def test_a_checkout_serves_its_own_files() -> None:
    root = Path(__file__).resolve().parent.parent
    assert locations.app_file() == root / "app.py"
    assert locations.assets_folder() == root / "assets"


def test_an_installed_package_serves_the_files_inside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = installed(tmp_path, monkeypatch)
    (package / "dashboard" / "app.py").touch()
    assert locations.app_file() == package / "dashboard" / "app.py"
    assert locations.assets_folder() == package / "assets"


def test_a_stranger_app_beside_the_package_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = installed(tmp_path, monkeypatch)
    (package.parent / "app.py").touch()
    with pytest.raises(InputError, match="`app` needs the dashboard's entry file"):
        locations.app_file()


def test_the_home_is_given_or_named_by_the_environment_or_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_AUDIT_HOME", str(tmp_path / "named"))
    assert locations.home_folder(tmp_path / "given") == tmp_path / "given"
    assert locations.home_folder() == tmp_path / "named"
    assert locations.store_folder() == tmp_path / "named" / "store"
    monkeypatch.delenv("MODEL_AUDIT_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locations.home_folder().name == "model-audit"
