import subprocess
import sys

from tests.conftest import REPOSITORY


def test_the_style_is_clean() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "."]
    said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    modules = [*REPOSITORY.glob("audit/**/*.py"), *REPOSITORY.glob("pages/**/*.py"), REPOSITORY / "app.py"]
    lengths = {path.relative_to(REPOSITORY): len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {str(path): n for path, n in lengths.items() if n > 350} == {}
