"""Commands for programs start light: what they must not load."""

import subprocess
import sys

import pytest

HEAVY = {"numpy", "scipy", "sympy", "numba", "xarray", "matplotlib", "torch", "pandas", "rich", "plotext"}
CERTIFY = ["certify", "--kernel", "rbf(1)", "--stabilizer", "elastic", "--eps", "0.7", "--json"]
SPECTRUM = ["spectrum", "--kernel", "rbf", "--eps", "0.2", "--json"]


def loaded(code: str) -> set[str]:
    code += "; import sys; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("command", [CERTIFY, SPECTRUM], ids=["certify", "spectrum"])
def test_commands_start_light(command):
    modules = loaded(f"from wgflow.cli.main import main; main({command!r})")
    assert "flint" in modules and not HEAVY & modules


def test_importing_wgflow_does_no_work():
    assert not (HEAVY | {"flint", "argparse", "json"}) & loaded("import wgflow")


def test_kernels_need_no_flint():
    """The trainer reads kernels where python-flint is absent."""
    assert not (HEAVY | {"flint"}) & loaded("import wgflow; wgflow.kernel('rbf(1) + rq(0.5)').stretched(2)")
