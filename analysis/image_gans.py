"""Question: do stabilizing terms help MMD GANs on images, beside the penalties that are used there?

DCGANs with 16 features learn images by an MMD of rational quadratic kernels: plain, stabilized by the same kernel at half its
length at multiples of eps* (the least eps for which every mode of the feature density is proved to decay while the
discriminator trains), with Binkowski's gradient penalty, with spectral normalization, and as WGAN-GP. Scored in the feature
space of a small classifier, which is trained first: Frechet distance, class coverage, and the total variation of the classes'
shares from the data's.

    python analysis/image_gans.py --data digits --workers 2 --figure FILE.png --csv FILE.csv              # CPU, minutes
    python analysis/image_gans.py --data mnist --data-root DATA --device cuda --budget-minutes 20         # a GPU

Runs are kept with their logs and sample sheets in --out; when the budget is used up they stop with a checkpoint, and the same
command goes on. --sheets FILE.png puts the last sheet of each cell's first seed side by side.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import wgflow as wg
from wgflow.arithmetic.number import InputError
from wgflow.gan.objectives.names import RQ_MIXTURE
from wgflow.gan.study.options import StudyOptions, study_parser
from wgflow.gan.study.script import exit_code_of
from wgflow.gan.study.study_table import StudyTable
from wgflow.gan.training.settings import Settings

CONFIG = Path(__file__).parent / "configs" / "images.toml"
HALF = str(wg.kernel(RQ_MIXTURE).stretched("1/2"))
DIM = 16
ACROSS = 3  # sheets side by side
SIZES = {  # steps, batch, width of the networks, samples that are scored
    "digits": (1500, 64, 16, 1000),
    "mnist": (20_000, 128, 64, 5000),
    "fashion-mnist": (20_000, 128, 64, 5000),
    "usps": (5000, 128, 32, 2000),
    "cifar10": (50_000, 128, 64, 10_000),
    "cifar10-jpeg75": (50_000, 128, 64, 10_000),
}
QUICK = (
    "training.steps=6",
    "training.batch=16",
    "measure.every=1",
    "measure.samples=100",
    "generator.width=4",
    "discriminator.width=4",
)


def cells(options: StudyOptions, data: str, space: str, quick: bool) -> dict[str, Settings]:
    steps, batch, width, samples = SIZES[data]
    shared = [
        f"data.name={data}", f"training.steps={steps}", f"training.batch={batch}", f"generator.width={width}",
        f"discriminator.width={width}", f"measure.samples={samples}", f"measure.every={steps // 10}",
        f"measure.features='{space}'", *(QUICK if quick else ()),
    ]  # fmt: skip
    least = wg.certify(RQ_MIXTURE, HALF, eps=1, dim=DIM).least_eps
    assert least is not None
    print(f"eps* = {least[1]:.6g} for the rq mixture and itself at half its length in n = {DIM}\n")
    found = {"plain": options.settings(*shared)}
    for factor in (0.25, 0.5, 1.1):
        stabilized = (f"objective.stabilizer={HALF}", f"objective.eps='{factor * least[1]:.6g}'")
        found[f"stabilizer, {factor:g} eps*"] = options.settings(*shared, *stabilized)
    found["gradient penalty"] = options.settings(*shared, "objective.name=mmd-gp")
    found["spectral norm"] = options.settings(*shared, "discriminator.spectral-norm=true")
    found["wgan-gp"] = options.settings(*shared, "objective.name=wgan-gp", "discriminator.features=1")
    return {name: found[name] for name in ("plain", "stabilizer, 0.5 eps*")} if quick else found


def classifier(data: str, options: argparse.Namespace, folder: Path) -> str:
    """Trains the classifier unless it is there, and returns the name of its feature space."""
    path = folder / f"{data}.safetensors"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(Path(__file__).parent / "train_classifier.py"), "--data", data, "--out", str(path)]
        command += ["--data-root", options.data_root] if options.data_root else []
        command += ["--epochs", "2"] if options.quick else []
        if subprocess.run(command).returncode:
            raise InputError(f"no classifier of {data} could be trained, for the reason above.")
    return f"classifier:{path}"


def put_sheets(table: StudyTable, folder: Path, path: str) -> None:
    """Puts the last sample sheet of each cell's first seed side by side."""
    from matplotlib.figure import Figure
    from matplotlib.image import imread

    last = {cell: sorted(folder.glob(f"{safe(cell)}-*/seed-{table.seeds[0]}/sheets/*.png"))[-1:] for cell in table.cells}
    found = {cell: paths[0] for cell, paths in last.items() if paths}
    rows = -(-len(found) // ACROSS)
    figure = Figure(figsize=(3.2 * ACROSS, 2.0 * rows), layout="constrained")
    panels = figure.subplots(rows, ACROSS, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, (cell, sheet) in zip(panels, found.items(), strict=False):  # fewer sheets than panels
        axes.imshow(imread(sheet), cmap="gray", interpolation="nearest")
        axes.set_title(f"{cell} | data", fontsize=9)
    figure.savefig(path, dpi=90)


def safe(cell: str) -> str:
    return "".join(c if c.isalnum() or c in ".+=-" else "_" for c in cell.replace(", ", "_"))


def main() -> None:
    parser = study_parser(__doc__ or "", CONFIG, seeds=3)
    parser.add_argument("--data", choices=sorted(SIZES), default="digits")
    parser.add_argument("--data-root", metavar="DIR", help="the folder of data that are read from files")
    parser.add_argument("--sheets", metavar="FILE.png", help="the last samples of each cell's first seed, side by side")
    given = parser.parse_args()
    if given.quick:
        given.seeds = 1
    options = StudyOptions("image_gans", given)
    folder = options.folder / given.data
    space = classifier(given.data, given, options.folder / "classifiers")
    chosen = cells(options, given.data, space, given.quick)
    table = options.table(chosen, given.data, keep_runs=True, data_root=given.data_root)
    name = f"classifier:{given.data}"
    metrics = [f"frechet[{name}]", f"class-coverage[{name}]", f"class-tv[{name}]"]
    options.show({given.data: table}, metrics, f"frechet[{name}]", "plain")
    if given.sheets:
        put_sheets(table, folder, given.sheets)


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
