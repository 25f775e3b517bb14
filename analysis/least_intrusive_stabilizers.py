"""Claim: the least intrusive stabilizer is usually a mixture, and what a faster decay costs is known.

For each kernel e: among its own stretches by 1/4, 1/2, 3/4, the elastic and the energy kernel, the best one alone and the
best mixture s of all of them that make every mode decay, by intrusion

    I = integral over the band of eps F(s)(k) dk/k / integral over the band of F(e)(k) dk/k,

with the band where k^2 F(e) exceeds 1 % of its peak. Each mixture is proved by a certificate; the float64 lower bound of
all mixtures stands beside it. I >= 1 for every stabilizer of a kernel with F(e) > 0, since eps F(s) > F(e).

One case has a closed form. For e = coulomb (F ~ k^-2) neither energy (k^-3 in n = 2) nor elastic (k^-1) works alone, each
failing at one end; together the least I is sqrt(I3 I1)/I2, I_p the integral of k^-p dk/k.

    python analysis/least_intrusive_stabilizers.py [--figure FILE.png]
"""

from __future__ import annotations

import argparse
from math import sqrt

import numpy as np

import wgflow as wg

CASES = (
    ("rbf(1)", 2),
    ("rbf(1)", 16),
    ("rbf(1) + rbf(2) + rbf(4) + rbf(8) + rbf(16)", 2),
    ("matern(3/2)", 2),
    ("laplace", 3),
    ("wendland(1)", 3),
)
COULOMB_BANDS = ("1/10,10", "1/2,2", "1,100")
RED, BLUE, GREY = "#d55e00", "#0072b2", "0.45"


def best_alone(found: wg.Design) -> tuple[str, float]:
    intrusion, stabilizer = min((a.intrusion, str(a.stabilizer)) for a in found.table if a.intrusion is not None)
    return (stabilizer if len(stabilizer) < 30 else "e stretched", intrusion)


def print_tables() -> None:
    line = "{:<46}{:>4}  {:<28}{:>10}  {:>10}  {:>12}  {}".format
    print("least intrusion that makes every mode decay (discriminator)\n")
    print(line("kernel", "n", "best alone", "intrusion", "mixture", "lower bound", "proved"))
    for kernel, dim in CASES:
        found = wg.design(kernel, dim=dim)
        name, alone = best_alone(found)
        numbers = (f"{value:.5f}" for value in (alone, found.intrusion, found.lower_bound))
        print(line(kernel, dim, name, *numbers, found.certificate.verdict.value))
    print("\ncoulomb among energy and elastic, n = 2\n")
    line = "{:<10}{:>12}{:>14}  {:<8}  {}".format
    print(line("band", "mixture", "closed form", "proved", "alone"))
    for band in COULOMB_BANDS:
        found = wg.design("coulomb", among="energy; elastic", band=band)
        low, high = float(found.problem.band.low), float(found.problem.band.high)
        one, two, three = ((low**-p - high**-p) / p for p in (1, 2, 3))
        alone = " and ".join("no eps" if a.certificate.feasible.empty else "some eps" for a in found.table)
        numbers = f"{found.intrusion:.6f}", f"{sqrt(one * three) / two:.6f}"
        print(line(band, *numbers, found.certificate.verdict.value, alone))


def draw(path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    kernel, dim = CASES[0]
    found = wg.design(kernel, dim=dim)
    figure, (spectra, costs) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    k = np.geomspace(float(found.problem.band.low), float(found.problem.band.high), 300)
    plain = wg.transform(kernel, k, dim=dim)
    for alone in found.table:
        if alone.intrusion is not None and alone.intrusion < 10:
            ratio = alone.certificate.least_eps[1] * wg.transform(alone.stabilizer, k, dim=dim) / plain
            spectra.plot(k, ratio, "--", linewidth=1.2, label=f"{alone.stabilizer} alone, intrusion {alone.intrusion:.3f}")
    ratio = float(found.eps) * wg.transform(found.stabilizer, k, dim=dim) / plain
    spectra.plot(k, ratio, color=BLUE, linewidth=2.2, label=f"the mixture, intrusion {found.intrusion:.3f}")
    spectra.axhline(1, color=GREY, linewidth=0.8)
    spectra.set(xscale="log", ylim=(0.8, 4), xlabel="wavenumber k (1/length)", ylabel="eps F(s) / F(e)")
    spectra.set_title("each at its least eps: above 1, a mode decays", fontsize="medium")
    spectra.legend(fontsize="small", framealpha=0.95, edgecolor="none")
    found.trade_off(12).plot(costs)
    figure.suptitle(f"discriminator, e = {kernel}, n = {dim}")
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", metavar="FILE.png")
    options = parser.parse_args()
    print_tables()
    if options.figure:
        draw(options.figure)


if __name__ == "__main__":
    main()
