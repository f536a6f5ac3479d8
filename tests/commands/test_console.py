import io
import json

import pytest

from audit.commands.console import Console
from audit.progress import Progress


def console() -> tuple[Console, io.StringIO, io.StringIO]:
    answer, remarks = io.StringIO(), io.StringIO()
    return Console(answer, remarks), answer, remarks


def test_answers_and_remarks_go_to_different_streams() -> None:
    writer, answer, remarks = console()
    writer.say("yes")
    writer.tell("by the way")
    assert (answer.getvalue(), remarks.getvalue()) == ("yes\n", "by the way\n")


def test_json_has_null_for_nan_and_keeps_letters_as_they_are() -> None:
    writer, answer, _ = console()
    writer.say_json({"value": float("nan"), "name": "Fußgänger"})
    assert json.loads(answer.getvalue()) == {"value": None, "name": "Fußgänger"}
    assert "Fußgänger" in answer.getvalue()


def test_a_table_is_aligned_and_leaves_empty_columns_out() -> None:
    writer, answer, _ = console()
    writer.table(("name", "n", "note"), [("a", "5", ""), ("long", "1,000", "")], right=("n",))
    assert answer.getvalue() == "name      n\na         5\nlong  1,000\n"


def test_a_sign_that_the_terminal_lacks_becomes_a_question_mark() -> None:
    raw = io.BytesIO()
    answer = io.TextIOWrapper(raw, encoding="ascii")
    Console(answer, io.StringIO()).say("▲ differs")
    assert raw.getvalue() == b"? differs\n"


def test_no_bar_is_drawn_where_nobody_looks() -> None:
    writer, answer, remarks = console()
    with writer.progress() as report:
        report(Progress(stage="Encoding", done=1, total=2))
    assert (answer.getvalue(), remarks.getvalue()) == ("", "")


def test_each_stage_has_its_bar_on_the_remarks_stream() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answer, remarks = io.StringIO(), Terminal()
    with Console(answer, remarks).progress() as report:
        report(Progress(stage="Decoding", done=2, total=2))
        report(Progress(stage="Encoding", done=1, total=4))
    assert answer.getvalue() == ""
    assert "Decoding" in remarks.getvalue()
    assert "Encoding" in remarks.getvalue()


def test_into_a_file_progress_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    remarks = io.StringIO()
    monkeypatch.setattr("audit.commands.console.TOLD_EVERY", 0.0)
    with Console(io.StringIO(), remarks).progress() as report:
        report(Progress(stage="Images", done=1500, total=2000, rate=120.4))
        report(Progress(stage="Images", done=2000, total=2000, rate=0.0))
        report(Progress(stage="Images", done=2000, total=2000, rate=float("nan")))
    assert remarks.getvalue().splitlines() == [
        "Images: 1,500 of 2,000, 120/s",
        "Images: 2,000 of 2,000",
        "Images: 2,000 of 2,000",
    ]
