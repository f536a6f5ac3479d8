"""What is chosen once for a home folder: the device of models without one of their own, and what was seen already."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from pathlib import Path

from filelock import FileLock

from audit.errors import InputError

FILE = "preferences.json"
"""File in the home folder."""

DEVICES = ("auto", "cuda", "mps", "cpu")
"""What can be chosen; ``auto`` takes cuda before mps before cpu."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preferences:
    """Choices that hold for everybody who uses a home folder.

    Parameters
    ----------
    device
        Device of models that are registered with ``auto``.
    tour_seen
        Whether somebody has closed the first-visit tour.

    Raises
    ------
    InputError
        If the device is not one of :data:`DEVICES`.
    """

    device: str = "auto"
    tour_seen: bool = False

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise InputError(f"`device` must be one of {', '.join(DEVICES)}; got '{self.device}'.")


def read_preferences(home: Path) -> Preferences:
    """Return the preferences of a home folder, the default ones before any was chosen.

    Raises
    ------
    InputError
        If the file is not JSON or holds a wrong value.
    """
    path = Path(home) / FILE
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Preferences()
    except json.JSONDecodeError as error:
        raise InputError(f"`{path}` must be JSON; {error}. Mend it or move it away.") from error
    known = {field.name for field in dataclasses.fields(Preferences)}
    # A newer version may have written more.
    return Preferences(**{name: value for name, value in dict(held).items() if name in known})


def change_preferences(home: Path, *, device: str | None = None, tour_seen: bool | None = None) -> Preferences:
    """Change some of the preferences and return them all.

    Parameters
    ----------
    home
        The home folder.
    device, tour_seen
        As in :class:`Preferences`; ``None`` leaves one as it is.

    Raises
    ------
    InputError
        If a value is wrong; nothing is changed then.
    """
    folder = Path(home)
    with FileLock(folder / f"{FILE}.lock"):
        before = read_preferences(folder)
        changed = Preferences(
            device=before.device if device is None else device,
            tour_seen=before.tour_seen if tour_seen is None else tour_seen,
        )
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{FILE}-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(changed), file, indent=1)
        Path(temporary).replace(folder / FILE)
    return changed


def device_problem(device: str) -> str:
    """Return why a device cannot be used on this machine, empty when it can.

    Parameters
    ----------
    device
        One of :data:`DEVICES`.
    """
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        return "This machine has no CUDA device that PyTorch can use."
    if device == "mps" and not torch.backends.mps.is_available():
        return "This machine has no Apple GPU that PyTorch can use."
    return ""
