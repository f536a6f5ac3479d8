from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.commands.store import size_words

Cli = Callable[..., Any]


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (2_340_000, "2.3 MB"), (5e15, "5000.0 TB")]
)
def test_a_size_reads_in_the_largest_unit(size: int, words: str) -> None:
    assert size_words(size) == words


def test_an_empty_store_is_listed_as_empty(cli: Cli) -> None:
    assert cli("store", "list").out.startswith("0 entries, 0 B, in ")


def test_the_list_says_key_kind_and_what(cli: Cli, pets: Path) -> None:
    cli("run", "toy", pets)
    (entry,) = cli("store", "list", "--json").json["listed"]
    assert (entry["kind"], entry["what"]) == ("result", "toy · precomputed · pets")
    assert entry["key"][:12] in cli("store", "list").out


def test_the_size_is_that_of_all_entries(cli: Cli, pets: Path) -> None:
    cli("run", "toy", pets)
    listed = cli("store", "list", "--json").json
    size = cli("store", "size", "--json").json
    assert size == {"store": listed["store"], "entries": 1, "bytes": listed["listed"][0]["bytes"]}


def test_pruning_says_what_may_go_or_is_refused(cli: Cli, pets: Path) -> None:
    cli("run", "toy", pets)
    said = cli("store", "prune")
    assert (said.status, "`prune` needs --older-than" in said.err) == (2, True)
    assert cli("store", "size", "--json").json["entries"] == 1


def test_pruning_leaves_what_is_younger_or_kept(cli: Cli, pets: Path) -> None:
    cli("run", "toy", pets)
    (entry,) = cli("store", "list", "--json").json["listed"]
    assert cli("store", "prune", "--older-than", "1", "--json").json["entries"] == 0
    assert cli("store", "prune", "--everything", "--keep", entry["key"][:8], "--json").json["entries"] == 0
    assert cli("store", "prune", "--kind", "partial", "--json").json["entries"] == 0
    assert cli("store", "prune", "--everything").out.startswith("Removed 1 entry, ")
    assert cli("store", "list", "--json").json["entries"] == 0
