"""Claim: free features trained by the real losses grow and decay at the certified rates: rung 4 of the ladder of evidence.

Every feature is a parameter; the loss is the discriminator's -E[e - eps s] (or the generator's +E[e]), the optimizer gradient
descent of torch. On the torus of period 2 pi a quiet lattice is disturbed at three modes; each is predicted to grow at the rate
C k^2 F(e - eps s)(k), C = 1/(2 pi)^n, twice that where both species move. Kernels that are not smooth are smoothed by a Gaussian
of width H, which multiplies F by exp(-H^2 k^2/2) and is part of the prediction. A step of the time t multiplies a mode by
1 + rate t, not by exp(rate t): "flow" is the deviation from the certified rate, "steps" that from log(1 + rate t) / t.

Then the loss of R^n itself, without a torus: a wave packet on a long interval grows at the rate of its wave. Last, what momentum
and Adam make of one case: the heavy ball settles at the larger root of a quadratic, and Adam moves all features at one speed.

    python analysis/free_features.py [--figure FILE.png] [--quick]

The exit code is 1 where a rate is missed by more than 1 %, 3 where one cannot be measured to 1 %.
"""

from __future__ import annotations

import argparse
import sys

import torch

from wgflow.conventions import Role
from wgflow.dynamics.growth import AGREES, MISSED, GrowthTable
from wgflow.gan.distances.particle_distance import ParticleDistance
from wgflow.gan.rungs.free_features import FreeFeatures, free_features
from wgflow.gan.rungs.wave_packet import packet_growth
from wgflow.gan.study.script import exit_code_of

TOLERANCE = 0.01
PLAIN = {"rbf(1)": "elastic", "energy": "elastic", "elastic": "rbf(1/2)"}  # kernels, each with its stabilizer
EPS = "0.7"
CASES = [
    (kernel, stabilizer, moves) for kernel, partner in PLAIN.items() for stabilizer in (None, partner) for moves in ("p", "both")
]
PACKETS = {
    "rbf(1)": {"kernel": "rbf(1)"},
    "rbf(1) - 11/5*rbf(1/2)": {"kernel": "rbf(1)", "stabilizer": "rbf(1/2)", "eps": "2.2"},
    "energy, r^2 + 1/25": {"kernel": "0.2*multiquadric(1/5)"},
    "elastic, r^2 + 1/25": {"kernel": "elastic", "softening": "1/5"},
}
COLOURS = {"rbf(1)": "#0072b2", "energy": "#d55e00", "elastic": "#009e73"}
LINE = "{:<11}{:<14}{:<15}{:>2}  {:<7}{:<7}{:<8}{:>14}{:>14}{:>10}{:>10}  {}".format


def torus_case(kernel: str, stabilizer: str | None, moves: str, dim: int, role: str = "discriminator") -> FreeFeatures:
    options = {} if stabilizer is None else {"stabilizer": stabilizer, "eps": EPS}
    return free_features(kernel, dim=dim, moves=moves, role=role, **options)


def print_torus(dims: tuple[int, ...]) -> list[tuple[str, FreeFeatures]]:
    print(LINE("kernel", "stabilizer", "role", "n", "moves", "H", "mode", "predicted", "measured", "flow", "steps", "verdict"))
    found = []
    for dim in dims:
        cases = [(*case, "discriminator") for case in CASES] + [(kernel, None, "p", "generator") for kernel in PLAIN]
        for kernel, stabilizer, moves, role in cases:
            case = torus_case(kernel, stabilizer, moves, dim, role)
            found.append((kernel, case))
            print_case(kernel, case)
    return found


def print_case(kernel: str, case: FreeFeatures) -> None:
    s = case.settings
    assert case.stepped is not None
    stabilizer = "-" if s.eps == "0" else f"{EPS} {s.stabilizer.replace('lengthscale=', '')}"
    for row, stepped in zip(case.growth.rows, case.stepped.rows, strict=True):
        where = (kernel, stabilizer, s.role, s.dim, s.moves, s.softening, row.mode)
        errors = (f"{row.error:.1e}", f"{stepped.error:.1e}") if row.error is not None and stepped.error is not None else ("", "")
        print(LINE(*where, f"{row.predicted:.7g}", f"{row.fit.rate or 0:.7g}", *errors, row.verdict(TOLERANCE)), flush=True)


def print_packets(names: list[str]) -> list[GrowthTable]:
    print("\na wave packet on a line, k0 = 2, under the loss of the whole space (no torus)\n")
    line = "{:<26}{:<15}{:<7}{:>14}{:>14}{:>10}  {}".format
    print(line("kernel", "role", "moves", "predicted", "measured", "flow", "verdict"))
    found = []
    for name in names:
        for role, moves in ((Role.DISCRIMINATOR, "p"), (Role.DISCRIMINATOR, "both"), (Role.GENERATOR, "p")):
            if role is Role.GENERATOR and "stabilizer" in PACKETS[name]:
                continue
            growth = packet_growth(ParticleDistance(dim=1, **PACKETS[name]), role=role, both=moves == "both").growth
            (row,) = growth.rows
            found.append(growth)
            numbers = (f"{row.predicted:.7g}", f"{row.fit.rate or 0:.7g}", f"{row.error or 0:.1e}")
            print(line(name, role.text, moves, *numbers, row.verdict(TOLERANCE)), flush=True)
    return found


def print_optimizers() -> None:
    print("\nother optimizers: rbf(1), n = 1, discriminator, 100 steps of 1/400\n")
    line = "{:<10}{:<6}{:>14}{:>14}{:>10}{:>12}".format
    print(line("optimizer", "mode", "predicted", "measured", "flow", "steps"))
    for optimizer in ("sgd", "momentum", "adam"):
        case = free_features("rbf(1)", dim=1, optimizer=optimizer, steps=100)
        for i, row in enumerate(case.growth.rows):
            steps = "-" if case.stepped is None or case.stepped.rows[i].error is None else f"{case.stepped.rows[i].error:.1e}"
            measured = "-" if row.fit.rate is None else f"{row.fit.rate:.7g}"
            error = "-" if row.error is None else f"{row.error:.1e}"
            print(line(optimizer, row.mode, f"{row.predicted:.7g}", measured, error, steps), flush=True)


def draw(found: list[tuple[str, FreeFeatures]], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5.4, 4.6), layout="constrained")
    for kernel, colour in COLOURS.items():
        rows = [row for name, case in found if name == kernel for row in case.growth.rows if row.fit.rate is not None]
        axes.plot([r.predicted for r in rows], [r.fit.rate for r in rows], "o", color=colour, markersize=4, label=kernel)
    ends = [min(axes.get_xlim()), max(axes.get_xlim())]
    axes.plot(ends, ends, color="0.5", linewidth=0.8, zorder=0)
    for scale in (axes.set_xscale, axes.set_yscale):
        scale("symlog", linthresh=1e-3)
    axes.set(xlabel="certified rate (1/time)", ylabel="measured rate (1/time)", title="free features, SGD")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", metavar="FILE.png")
    parser.add_argument("--quick", action="store_true", help="one dimension only, and one packet")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torus = print_torus((1,) if options.quick else (1, 2, 3))
    packets = print_packets(list(PACKETS)[:1] if options.quick else list(PACKETS))
    if not options.quick:
        print_optimizers()
    if options.figure:
        draw(torus, options.figure)
    verdicts = {table.verdict(TOLERANCE) for table in [case.growth for _, case in torus] + packets}
    rates = sum(len(case.growth.rows) for _, case in torus) + len(packets)
    print(f"\n{rates} rates: {', '.join(sorted(verdicts))} (tolerance {TOLERANCE:g})")
    return 0 if verdicts == {AGREES} else 1 if MISSED in verdicts else 3


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
