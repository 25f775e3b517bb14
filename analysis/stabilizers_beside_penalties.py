"""Question: how does a stabilizing term compare with gradient penalties, spectral normalization and the repulsive loss, and do
they work together? (The third open question of Chen, Wu and Xiang 2023.)

Small GANs learn 25 Gaussians in the plane, all with the same networks, optimizer and steps, each with its authors' strengths;
nothing is tuned for any of them. Per cell: as in stabilizer_strength.py; differences are from the plain MMD GAN of the same seed.

    python analysis/stabilizers_beside_penalties.py --workers 2 --figure FILE.png --csv FILE.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

from wgflow.gan.study.options import StudyOptions, study_parser
from wgflow.gan.study.script import exit_code_of
from wgflow.gan.training.settings import read_settings

CONFIG = Path(__file__).parent / "configs" / "planar.toml"
STABILIZED = ("objective.stabilizer=elastic", "objective.eps=auto", "objective.softening='1/10'")
# The best single row of stabilizer_strength.py, chosen after seeing it, on the same data and seeds: half of eps* = 4.
HALF = ("objective.stabilizer=rbf(1/2)", "objective.eps=2")
PENALTY = ("objective.gradient-penalty='1'",)
SPECTRAL = ("discriminator.spectral-norm=true",)
METRICS = ("sliced-w2", "coverage", "high-quality", "mode-tv")
QUICK = ("training.steps=6", "training.batch=16", "measure.every=1", "measure.samples=100")
SHORT = ("plain", "stabilizer", "wgan-gp")


def other(name: str) -> tuple[str, ...]:
    return (f"objective={name}",)


CELLS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "stabilizer": STABILIZED,
    "half stabilizer": HALF,
    "gradient penalty": PENALTY,
    "spectral norm": SPECTRAL,
    "half stabilizer + penalty": HALF + PENALTY,
    "half stabilizer + spectral": HALF + SPECTRAL,
    "stabilizer + penalty": STABILIZED + PENALTY,
    "stabilizer + spectral": STABILIZED + SPECTRAL,
    "penalty + spectral": PENALTY + SPECTRAL,
    "all three": STABILIZED + PENALTY + SPECTRAL,
    "repulsive": other("repulsive"),
    "repulsive + spectral": other("repulsive") + SPECTRAL,
    "wgan-gp": other("wgan-gp"),
    "ns-r1": other("ns-r1"),
}


def settings(options: StudyOptions, changes: tuple[str, ...], quick: bool) -> object:
    """A change objective=NAME takes the whole objective's place: other losses have no kernel."""
    base = options.settings("data.name=twenty-five-gaussians", *(QUICK if quick else ()))
    tables = base.to_json()
    named = [change.partition("=")[2] for change in changes if change.startswith("objective=")]
    if named:
        tables["objective"] = {"name": named[0]}
        if named[0] in ("wgan-gp", "ns-r1"):
            tables["discriminator"] |= {"features": 1, "residual": False}  # type: ignore[operator]
    return read_settings(tables, [change for change in changes if not change.startswith("objective=")])


def main() -> None:
    given = study_parser(__doc__ or "", CONFIG, seeds=10).parse_args()
    if given.quick:
        given.seeds = min(given.seeds, 2)
    options = StudyOptions("stabilizers_beside_penalties", given)
    chosen = {name: settings(options, c, given.quick) for name, c in CELLS.items() if not given.quick or name in SHORT}
    table = options.table(chosen)  # type: ignore[arg-type]
    options.show({"25 Gaussians": table}, METRICS, "sliced-w2", "plain")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
