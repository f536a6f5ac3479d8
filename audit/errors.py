"""The errors a user can mend: each names the parameter, what was required, what came, and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Input that a user can correct; shown as one line, never as a traceback.

    Parameters
    ----------
    message
        One or two sentences in the shape "`k` must be at least 1; got 0. Remedy."
    """


def near(name: str, known: Iterable[str], *, n: int = 5, cutoff: float = 0.6, parts: bool = True) -> str:
    """Return " Did you mean ...?" with the nearest of the known names; the empty string when none is near.

    Parameters
    ----------
    name
        What came.
    known
        What is allowed.
    n
        Most names that are offered.
    cutoff
        Smallest likeness, from 0 to 1; short everyday words need a high one.
    parts
        Whether names that hold what came are offered when none is like it.
    """
    choices = list(known)
    found = difflib.get_close_matches(name, choices, n=n, cutoff=cutoff)
    if not found and parts:
        found = [choice for choice in choices if name and name.lower() in choice.lower()][:n]
    return f" Did you mean {' or '.join(found)}?" if found else ""


class Cancelled(Exception):  # noqa: N818 - a request of the user, not an error
    """The user asked a running computation to stop; finished shards are kept."""
