"""A PostgreSQL server of one's own, from Debian's packages, for as long as the tests need it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``, ``None`` where the server is not installed."""
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    folders = [*known, *([Path(found).resolve().parent] if found else [])]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@contextmanager
def server(bin_folder: Path) -> Iterator[str]:
    """Serve an empty database in a folder of its own and give its URL."""
    # Not below pytest's folder, which belongs to the user who runs the tests: the server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="audit-postgresql-"))
    if user is not None:
        owner = pwd.getpwnam(user)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]

    def call(*words: object) -> None:
        done = subprocess.run(
            [str(word) for word in words],
            user=user,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    call(bin_folder / "initdb", "-D", data, "-U", "audit", "-A", "trust", "--no-sync")
    options = f"-h localhost -p {port} -k {folder} -F"
    call(bin_folder / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield f"postgresql://audit@localhost:{port}/postgres"
    finally:
        call(bin_folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)
