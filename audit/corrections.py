"""Values that a person corrected, kept in a database of the home folder: versioned, never overwritten, exportable.

A correction belongs to a dataset, a column, a sample and the sample's image: one whose image has changed since is
passed over. Saving several at once makes one version; a value can be withdrawn, which is a version too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from audit.errors import InputError
from audit.export import to_csv

if TYPE_CHECKING:
    from audit.dataset import Dataset

FILE = "corrections.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS correction (
    version INTEGER NOT NULL,
    dataset TEXT NOT NULL,
    name TEXT NOT NULL,
    sample_id TEXT NOT NULL,
    content TEXT NOT NULL,
    value TEXT,
    created TEXT NOT NULL,
    PRIMARY KEY (dataset, name, sample_id, version)
)
"""
_COLUMNS = ("version", "dataset", "name", "sample_id", "content", "value", "created")


class Corrections:
    """The corrections of one home folder.

    Parameters
    ----------
    home
        Folder of the database; written to with the first correction.
    """

    def __init__(self, home: Path) -> None:
        self.file = Path(home) / FILE

    def add(self, dataset: Dataset, dataset_name: str, column: str, values: Mapping[str, str | None]) -> int:
        """Keep corrected values and return their version.

        Parameters
        ----------
        dataset
            The samples; their images' content is kept with the values.
        dataset_name
            Name in the workspace.
        column
            Column that the corrections make, such as ``background_corrected``.
        values
            Value by sample id; ``None`` withdraws a correction.

        Raises
        ------
        InputError
            If there is no value or a sample is unknown.
        """
        if not values:
            raise InputError("`values` must hold at least one corrected sample; got none.")
        rows = dataset.index.get_indexer(pd.Index(list(values)))
        if (rows < 0).any():
            stranger = list(values)[int(np.flatnonzero(rows < 0)[0])]
            raise InputError(f"`values` must name samples of '{dataset.name}'; '{stranger}' is none.")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with closing(self._open()) as database, database:
            # Immediate: two who save at once get two versions.
            database.execute("BEGIN IMMEDIATE")
            last = database.execute(
                "SELECT COALESCE(MAX(version), 0) FROM correction WHERE dataset = ? AND name = ?",
                (dataset_name, column),
            ).fetchone()[0]
            database.executemany(
                "INSERT INTO correction VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (last + 1, dataset_name, column, sample, dataset.content_hashes[row], value, now)
                    for (sample, value), row in zip(values.items(), rows.tolist(), strict=True)
                ],
            )
        return int(last) + 1

    def history(self, dataset_name: str, column: str | None = None) -> pd.DataFrame:
        """Return every correction ever kept of a dataset, the oldest first."""
        if not self.file.is_file():
            return pd.DataFrame(columns=list(_COLUMNS))
        query = "SELECT * FROM correction WHERE dataset = ?"
        chosen: tuple[str, ...] = (dataset_name,)
        if column is not None:
            query, chosen = f"{query} AND name = ?", (dataset_name, column)
        with closing(self._open()) as database:
            found = database.execute(f"{query} ORDER BY version, sample_id", chosen).fetchall()
        return pd.DataFrame(found, columns=list(_COLUMNS))

    def current(self, dataset_name: str, *, version: int | None = None) -> pd.DataFrame:
        """Return the values that hold, one row a column and sample.

        Parameters
        ----------
        dataset_name
            Name in the workspace.
        version
            As of this version of each column; the newest by default.
        """
        table = self.history(dataset_name)
        if version is not None:
            table = table[table["version"] <= version]
        table = table.drop_duplicates(["name", "sample_id"], keep="last")
        return table[table["value"].notna()].reset_index(drop=True)

    def export(self, dataset_name: str) -> bytes:
        """Return the values that hold as CSV that can be joined to the data: ``sample_id`` and a column each."""
        table = self.current(dataset_name)
        if table.empty:
            return b"sample_id\n"
        wide = table.pivot_table(index="sample_id", columns="name", values="value", aggfunc="last")
        return to_csv(wide.rename_axis(columns=None))

    def apply(self, dataset: Dataset, dataset_name: str) -> Dataset:
        """Return the dataset with the columns of its corrections; unchanged where there are none."""
        table = self.current(dataset_name)
        if table.empty:
            return dataset
        content = pd.Series(dataset.content_hashes, index=dataset.index)
        table = table[table["sample_id"].isin(dataset.index)]
        table = table[content.reindex(table["sample_id"]).to_numpy() == table["content"].to_numpy()]
        metadata = dataset.metadata
        for column, rows in table.groupby("name"):
            values: Any = pd.Series(rows["value"].to_numpy(), index=rows["sample_id"], dtype="str")
            metadata = metadata.assign(**{str(column): values.reindex(dataset.index).astype("str")})
        return dataset.with_metadata(metadata)

    def _open(self) -> sqlite3.Connection:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.file, timeout=30, isolation_level=None)
        database.execute(_SCHEMA)
        return database
