"""Draw a share of a world's rows: what `audit.demo.write` starts in each of its processes."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.demo.write import world_table, write_share


def main(arguments: list[str] | None = None) -> None:
    """Draw one share of a world's rows into a prepared folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name", choices=["menagerie", "tissue"])
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--split", choices=["train", "test"], required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--share", type=int, required=True, help="this share's number, from 0")
    parser.add_argument("--of", type=int, required=True, help="number of shares")
    given = parser.parse_args(arguments)
    table = world_table(given.name, n=given.n, split=given.split, seed=given.seed)
    write_share(given.folder, given.name, table.iloc[given.share :: given.of], given.seed)


if __name__ == "__main__":
    main()
