"""The command line: ``audit demo | app | list | embed | run | compare | report | store``.

Exit status: 0 done, 1 a ``--fail-if`` holds, 2 bad input (one line on standard error), 3 an error of the program
itself (with a traceback), 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

from audit.commands.console import Console
from audit.errors import InputError

BAD_INPUT = 2
BROKEN = 3
STOPPED = 130

COMMANDS = ("demo", "app", "listing", "embed", "run", "compare", "report", "store")
"""Modules of :mod:`audit.commands`, in the order of the help."""


class Parser(argparse.ArgumentParser):
    """A parser that tells what is wrong in one line instead of printing its usage."""

    def error(self, message: str) -> NoReturn:
        """Raise what the user must mend."""
        raise InputError(f"{message} (see `{self.prog} --help`)")


def parser() -> Parser:
    """Return the parser of all commands."""
    top = Parser(prog="audit", description="See what a vision model does to whom.")
    top.add_argument("--version", action="version", version=f"model-audit {version('model-audit')}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        import_module(f"audit.commands.{name}").add(commands)
    return top


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what a command line says, options and words in any order.

    Raises
    ------
    InputError
        If it cannot be understood.
    """
    top = parser()
    chosen, rest = top.parse_known_args(arguments)
    # argparse gives a word that follows an option back when the word may be left out: it goes to its place here.
    for word in rest:
        places = getattr(chosen, "words", ())
        free = [place for place in places if getattr(chosen, place) is None or isinstance(getattr(chosen, place), list)]
        if word.startswith("-") or not free:
            top.error(f"unrecognized arguments: {' '.join(rest)}")
        known = getattr(chosen, free[0])
        setattr(chosen, free[0], [*known, word] if isinstance(known, list) else word)
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Parameters
    ----------
    arguments
        The words after ``audit``; those of the process when left out.

    Returns
    -------
    int
        The exit status.
    """
    console = Console()
    try:
        # Whatever a library prints goes to standard error: the answer alone is on standard output.
        chosen = parse(arguments)
        with contextlib.redirect_stdout(sys.stderr):
            status: int = chosen.execute(chosen, console)
    except InputError as error:
        return _fail(console, str(error))
    except KeyboardInterrupt:
        console.tell("\naudit: stopped. What is finished is kept; the same command goes on from there.")
        return STOPPED
    except BrokenPipeError:
        # Whoever read the answer has seen enough; Python would complain once more on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        return 0
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        return _fail(console, f"{error.strerror or error}{place}")
    except Exception:  # noqa: BLE001 - the last line of defence; it is told apart from a failed gate by its status
        console.tell(traceback.format_exc().rstrip())
        return BROKEN
    return status


def _fail(console: Console, message: str) -> int:
    console.tell("audit: error: " + " ".join(message.split()))
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
