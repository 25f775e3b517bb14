"""Notebooks run from top to bottom; their .ipynb files are stripped and in step with the scripts beside them."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbclient
import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
SCRIPTS = sorted(FOLDER.glob("*.py"))
KNOWN = {  # facts that the printed text must show, each known from a formula
    "why_kernel_gans_grow": (
        *(f"{kernel:<9}{role}" for kernel in ("rbf(1)", "energy", "elastic") for role in ("generator", "discriminator")),
        "s = rbf(1/4) eps >= 16",  # lambda^n
        "s = rbf(1)   eps > 1\n",
        "s = rbf(2)   no eps",
        "eps >= 65536",  # 2^16
        "The certificate holds: DECAYS",
        "refused: ",
    ),
    "eight_gaussians": (
        "eps = 0: GROWS; least eps 1.1594",  # (3/e)^(3/2)
        "eps = 1.28: DECAYS",
        "plain: all modes certified to grow; 6 of 6 are larger at the end than at the start",
        "stabilized: all modes certified to decay; 0 of 6 are larger at the end than at the start",
        "plain: predicted GROWS for the discriminator; finished",
        "stabilized: predicted DECAYS for the discriminator; finished",
    ),
    "from_a_formula_to_particles": (
        "DECAYS at eps = 4; least eps on this band: 1.374579",  # 2 exp(-3/8)
        "every rung agrees within 0.1 %: True",
        "STABLE",
    ),
    "particles_beside_theory": (
        "m = 3  predicted 0.582829  measured 0.582829",  # 9 sqrt(2 pi)/2 exp(-9/8) / (2 pi)
        "eps = 1.8   proved: GROWS   measured rate of mode 1: +0.0020",
        "eps = 1.85  proved: DECAYS  measured rate of mode 1: -0.0028",
        "m = 9  measured -0.318310",  # 1/pi
        "the energy never rises: True",
    ),
}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_notebook_runs(script, tmp_path):
    notebook = jupytext.read(script)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    text = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    for fact in KNOWN[script.stem]:
        assert fact in text
    assert not list(tmp_path.iterdir())  # a notebook leaves nothing behind


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_notebook_is_stripped_and_in_step(script):
    """After a change of the script: jupytext --to ipynb --update notebooks/NAME.py"""
    pair = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    nbformat.validate(pair)
    for cell in pair.cells:
        assert cell.cell_type != "code" or (cell.outputs == [] and cell.execution_count is None)
    cells = [[(cell.cell_type, cell.source) for cell in notebook.cells] for notebook in (jupytext.read(script), pair)]
    assert cells[0] == cells[1]


def test_every_notebook_has_its_script():
    assert SCRIPTS
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {path.stem for path in SCRIPTS} == set(KNOWN)
