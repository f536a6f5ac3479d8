"""Values that a person corrected, kept in a database of the home folder: versioned, never overwritten, exportable.

A correction belongs to a dataset, a column, a sample and the sample's image: one whose image has changed since is
passed over. Saving several at once makes one version; a value can be withdrawn, which is a version too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import func, insert, select

from audit.database import Database
from audit.errors import InputError
from audit.export import to_csv
from audit.migrations import CORRECTIONS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from audit.dataset import Dataset

_COLUMNS = ("version", "dataset", "name", "sample_id", "content", "value", "created")


class Corrections:
    """The corrections of one home folder.

    Parameters
    ----------
    home
        The home folder; its database is written to with the first correction.
    database
        Another database than the home folder's own.
    """

    def __init__(self, home: Path, database: Database | None = None) -> None:
        self.database = database or Database(home)

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

        def action(connection: Connection) -> int:
            # Two who save at once get two versions. SQLite has one writer at a time; PostgreSQL needs to be told.
            if connection.dialect.name == "postgresql":
                place = func.hashtext(f"{dataset_name}/{column}")
                connection.execute(select(func.pg_advisory_xact_lock(place)))
            known = select(func.max(CORRECTIONS.c.version)).where(
                CORRECTIONS.c.dataset == dataset_name, CORRECTIONS.c.name == column
            )
            version = int(connection.execute(known).scalar() or 0) + 1
            same = {"version": version, "dataset": dataset_name, "name": column, "created": now}
            connection.execute(
                insert(CORRECTIONS),
                [
                    {**same, "sample_id": sample, "content": dataset.content_hashes[row], "value": value}
                    for (sample, value), row in zip(values.items(), rows.tolist(), strict=True)
                ],
            )
            return version

        return self.database.write(action)

    def history(self, dataset_name: str, column: str | None = None) -> pd.DataFrame:
        """Return every correction ever kept of a dataset, the oldest first."""
        if not self.database.exists:
            return pd.DataFrame(columns=list(_COLUMNS))
        query = select(*(CORRECTIONS.c[name] for name in _COLUMNS)).where(CORRECTIONS.c.dataset == dataset_name)
        if column is not None:
            query = query.where(CORRECTIONS.c.name == column)
        query = query.order_by(CORRECTIONS.c.version, CORRECTIONS.c.sample_id)
        found = self.database.read(lambda connection: connection.execute(query).all())
        return pd.DataFrame([tuple(row) for row in found], columns=list(_COLUMNS))

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
