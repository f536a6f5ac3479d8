import subprocess
import sys
import time

HEAVY = ("torch", "streamlit", "plotly", "sklearn", "umap", "transformers", "statsmodels", "scipy", "pandas", "numba")


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = f"import sys, audit; sys.stdout.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == ""


def test_the_command_line_and_the_workspace_load_neither_torch_nor_streamlit() -> None:
    code = (
        "import sys, audit.cli, audit.workspace, audit.jobs, audit.fields, audit.run, audit.comparison, audit.serving\n"
        "audit.cli.parser()\n"
        "sys.stdout.write(' '.join(name for name in ('torch', 'streamlit', 'plotly', 'umap', 'sklearn') "
        "if name in sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == ""


def test_importing_the_package_takes_less_than_a_second() -> None:
    # Measured inside the process and the best of three, so that starting Python and a busy machine do not count.
    code = (
        "import sys, time\n"
        "start = time.perf_counter()\n"
        "import audit\n"
        "sys.stdout.write(str(time.perf_counter() - start))\n"
    )
    times = []
    for _ in range(3):
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        times.append(float(said.stdout))
        time.sleep(0.05)
    assert min(times) < 1


def test_the_public_names_are_there_when_asked_for() -> None:
    import audit

    assert [name for name in audit.__all__ if not callable(getattr(audit, name))] == []
