"""The errors a user can mend: each names the parameter, what was required, what came, and the remedy."""

from __future__ import annotations


class InputError(ValueError):
    """Input that a user can correct; shown as one line, never as a traceback.

    Parameters
    ----------
    message
        One or two sentences in the shape "`k` must be at least 1; got 0. Remedy."
    """


class Cancelled(Exception):  # noqa: N818 - a request of the user, not an error
    """The user asked a running computation to stop; finished shards are kept."""
