"""Where things lie on disk: the dashboard's entry file, the bundled assets, and the user's home folder."""

from __future__ import annotations

import os
from pathlib import Path

from audit.errors import InputError

HOME_VARIABLE = "MODEL_AUDIT_HOME"
"""Environment variable that names the home folder."""

_PACKAGE = Path(__file__).resolve().parent


def _checkout() -> Path | None:
    """Return the project's folder when the package is used from a checkout, ``None`` from an installed wheel."""
    folder = _PACKAGE.parent
    return folder if (folder / "app.py").is_file() and (folder / "pyproject.toml").is_file() else None


def app_file() -> Path:
    """Return the dashboard's entry file; ``pages`` and ``.streamlit`` lie beside it.

    Raises
    ------
    InputError
        If neither a checkout nor the installed package holds it.
    """
    checkout = _checkout()
    found = checkout / "app.py" if checkout else _PACKAGE / "dashboard" / "app.py"
    if not found.is_file():
        raise InputError(
            f"`app` needs the dashboard's entry file; there is none at {found}. Install the package again."
        )
    return found


def assets_folder() -> Path:
    """Return the folder of the bundled weights, theme and templates."""
    checkout = _checkout()
    return checkout / "assets" if checkout else _PACKAGE / "assets"


def home_folder(home: str | Path | None = None) -> Path:
    """Return the folder that holds the store, the workspace and the jobs.

    Parameters
    ----------
    home
        A folder; otherwise the environment variable ``MODEL_AUDIT_HOME``, otherwise the platform's
        place for a user's application data.
    """
    chosen = home or os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().resolve()
    from platformdirs import user_data_dir

    return Path(user_data_dir("model-audit", appauthor=False))


def store_folder(home: str | Path | None = None) -> Path:
    """Return the folder of the store inside the home folder."""
    return home_folder(home) / "store"
