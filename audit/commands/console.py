"""The one place that writes to the terminal: answers on standard output, everything else on standard error."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from audit.result import plain

if TYPE_CHECKING:
    from audit.progress import Progress

TOLD_EVERY = 5.0
"""Seconds between two lines about progress where no bar can be drawn."""


class Console:
    """Standard output for the answer, standard error for what happens on the way.

    Parameters
    ----------
    answer, remarks
        Streams; the process's own when left out.
    """

    def __init__(self, answer: TextIO | None = None, remarks: TextIO | None = None) -> None:
        self._answer = answer or sys.stdout
        self._remarks = remarks or sys.stderr

    def say(self, text: str = "") -> None:
        """Write a line of the answer."""
        _write(self._answer, f"{text}\n")

    def say_json(self, value: Any) -> None:
        """Write the answer as one JSON object."""
        _write(self._answer, json.dumps(plain(value), indent=1, allow_nan=False, ensure_ascii=False) + "\n")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
        """Write an aligned table: text to the left, the columns named in ``right`` to the right.

        Columns without any content are left out.
        """
        kept = [place for place, _ in enumerate(header) if any(row[place] for row in rows)]
        widths = {place: max(len(header[place]), *(len(row[place]) for row in rows)) for place in kept}
        for row in (header, *rows):
            cells = [
                row[place].rjust(widths[place]) if header[place] in right else row[place].ljust(widths[place])
                for place in kept
            ]
            self.say("  ".join(cells).rstrip())

    def tell(self, text: str) -> None:
        """Write a line about what happens to standard error."""
        _write(self._remarks, f"{text}\n")

    @contextmanager
    def progress(self) -> Iterator[Callable[[Progress], None]]:
        """Yield a callback that draws a bar a stage on standard error; into a file it writes a line now and then."""
        from tqdm import tqdm

        bars: dict[str, tqdm[Any]] = {}
        hidden = not self._remarks.isatty()
        told = time.monotonic()

        def report(progress: Progress) -> None:
            nonlocal told
            if hidden and time.monotonic() - told >= TOLD_EVERY:
                told = time.monotonic()
                rate = f", {progress.rate:,.0f}/s" if math.isfinite(progress.rate) and progress.rate else ""
                self.tell(f"{progress.stage}: {progress.done:,} of {progress.total:,}{rate}")
            if progress.stage not in bars:
                for other in bars.values():
                    other.close()
                bars[progress.stage] = tqdm(
                    total=progress.total, desc=progress.stage, file=self._remarks, disable=hidden, leave=False
                )
            bar = bars[progress.stage]
            bar.total = progress.total
            bar.update(progress.done - bar.n)

        try:
            yield report
        finally:
            for bar in bars.values():
                bar.close()


def _write(stream: TextIO, text: str) -> None:
    # A terminal that lacks a sign of the verdict shows a question mark instead of a traceback.
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, errors="replace").decode(encoding))
    stream.flush()
