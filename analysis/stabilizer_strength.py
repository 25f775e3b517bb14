"""Question: what does a stabilizing term do to a GAN's training, from eps = 0 to three times the least certified eps?

Chen, Wu and Xiang (2023) leave open how stabilizer and strength should be chosen. Here a small MMD GAN with an RBF kernel on
two features, which start as the data, learns 8 and 25 Gaussians in the plane: plain, and with three stabilizers at multiples
of eps*, the least eps for which every mode of the feature density is proved to decay while the discriminator trains. Per
cell: the medians [quartiles] over the seeds of the sliced Wasserstein-2 distance, mode coverage, the share of samples near a
mode, and the total variation of the modes' shares from uniform (diversity); how many runs settled, oscillated and diverged,
judged by the sliced distance; and its difference from the plain run of the same seed, with a 95 % interval.

    python analysis/stabilizer_strength.py --workers 2 --figure FILE.png --csv FILE.csv

With --quick a few short trainings, whose numbers mean nothing. Results are kept in --out; the same command goes on.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import wgflow as wg
from wgflow.gan.study.options import StudyOptions, study_parser
from wgflow.gan.study.script import exit_code_of
from wgflow.gan.training.settings import Settings

CONFIG = Path(__file__).parent / "configs" / "planar.toml"
KERNEL, DIM, SOFTENING = "rbf(1)", 2, "1/10"
STABILIZERS = ("elastic", "rbf(1/2)", "energy")
FACTORS = (0.25, 0.5, 1.1, 3.0)
TABLES = {  # data, changes, stabilizers
    "8 Gaussians": ("eight-gaussians", (), STABILIZERS),
    "25 Gaussians": ("twenty-five-gaussians", (), STABILIZERS),
    "8 Gaussians, 5 discriminator steps": ("eight-gaussians", ("training.discriminator-steps=5",), ("energy",)),
}
METRICS = ("sliced-w2", "coverage", "high-quality", "mode-tv")
QUICK = ("training.steps=6", "training.batch=16", "measure.every=1", "measure.samples=100")


@cache
def least_eps(stabilizer: str) -> float:
    """The least eps for which every mode decays, with the stabilizer as it is trained: softened where it is unbounded."""
    distance = wg.ParticleDistance(KERNEL, stabilizer, eps=1, dim=DIM, softening=SOFTENING)
    least = wg.certify(KERNEL, distance.stabilizer, eps=1, dim=DIM).least_eps
    assert least is not None
    return least[1]


def cells(options: StudyOptions, data: str, changes: tuple[str, ...], stabilizers: tuple[str, ...]) -> dict[str, Settings]:
    shared = (f"data.name={data}", *changes, *(QUICK if options.given.quick else ()))
    found = {"plain": options.settings(*shared)}
    for stabilizer in stabilizers:
        for factor in FACTORS:
            eps = f"{factor * least_eps(stabilizer):.6g}"
            stabilized = (f"objective.stabilizer={stabilizer}", f"objective.eps='{eps}'", f"objective.softening='{SOFTENING}'")
            found[f"{stabilizer}, {factor:g} eps*"] = options.settings(*shared, *stabilized)
    return dict(list(found.items())[:2]) if options.given.quick else found


def main() -> None:
    given = study_parser(__doc__ or "", CONFIG, seeds=10).parse_args()
    if given.quick:
        given.seeds = min(given.seeds, 2)
    options = StudyOptions("stabilizer_strength", given)
    for stabilizer in STABILIZERS:
        print(f"eps* = {least_eps(stabilizer):.6g} for s = {stabilizer} and e = {KERNEL} in n = {DIM}")
    print()
    tables = {
        title: options.table(cells(options, *case), title) for title, case in list(TABLES.items())[: 1 if given.quick else None]
    }
    options.show(tables, METRICS, "sliced-w2", "plain")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
