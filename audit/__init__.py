"""Model Audit: see what a vision model does to whom."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.dataset import Dataset, Roles
    from audit.errors import InputError
    from audit.models import load_model
    from audit.readers import load_dataset
    from audit.result import Result, Verdict
    from audit.run import run

__all__ = ["Dataset", "InputError", "Result", "Roles", "Verdict", "load_dataset", "load_model", "run"]

_HOMES = {
    "Dataset": "audit.dataset",
    "Roles": "audit.dataset",
    "InputError": "audit.errors",
    "Result": "audit.result",
    "Verdict": "audit.result",
    "load_dataset": "audit.readers",
    "load_model": "audit.models",
    "run": "audit.run",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import audit`` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'audit' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
