"""Claim: an rbf stabilizer works exactly where it is narrower than the rbf kernel that it stabilizes.

Kernel e = rbf(1), stabilizer s = rbf(1/lambda), discriminator in n dimensions. F(e)/F(s) = lambda^n exp(-(1 - 1/lambda^2)
k^2/2), so

    narrower (lambda > 1)  eps* = lambda^n: a supremum approached as k -> 0 and not attained as a maximum, so eps = eps*
                           itself already makes every mode decay; below it the modes 0 < k < kc grow
    equal    (lambda = 1)  eps* = 1, and at eps = 1 every rate is exactly zero: 1 does not belong to the interval
    wider    (lambda < 1)  no eps: whatever it is, the modes beyond kc grow

with kc^2 = 2 log(lambda^n/eps)/(1 - 1/lambda^2) in both cases. All of it is proved here; kc beside the formula's value.
For comparison the elastic kernel, heavier than any rbf at both ends: eps* = exp(-1/2) in n = 2, attained at k = 1 and so
not enough itself.

    python analysis/rbf_stabilizers.py [--figure FILE.png]
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from math import log, sqrt

import wgflow as wg

DIM, DIMS = 2, (1, 2, 8)
KERNEL = "rbf(1)"
LENGTHS = ("1/4", "1/2", "3/4", "1", "4/3", "2", "4")
STRENGTHS = {"1/2": ("1", "2", "3", "3.9", "4", "4.1"), "1": ("0.9", "1", "1.1"), "2": ("0.25", "1", "5", "100", "10000")}
RED, BLUE, BLACK = "#d55e00", "#0072b2", "0.2"


def stabilized(length: str, eps: object, dim: int = DIM) -> wg.Certificate:
    return wg.certify(KERNEL, stabilizer=f"rbf({length})", eps=eps, dim=dim)


def feasible_text(answer: wg.Certificate) -> str:
    """Says which eps make every mode decay, and whether eps* is one of them."""
    if answer.feasible.empty:
        return "no eps"
    return f"eps {'>=' if answer.feasible.lower.attained else '>'} {answer.least_eps[0]:.6g}"


def least_text(length: str, dim: int) -> str:
    answer = stabilized(length, 0, dim)
    if answer.least_eps is None:
        return feasible_text(answer)
    exact = Fraction(1) / Fraction(length) ** dim
    low, high = answer.least_eps
    assert low <= exact <= high
    return f"{feasible_text(answer)} (lambda^n = {exact})"


def critical(length: str, eps: str) -> float | None:
    """Returns kc by the formula, None where there is none."""
    ratio = 1 / float(Fraction(length))
    square = 2 * log(ratio**DIM / float(Fraction(eps))) / (1 - ratio**-2) if ratio != 1 else 0
    return sqrt(square) if square > 0 else None


def band_text(certificate: wg.Certificate) -> str:
    """Returns the proved growing modes in words."""
    if not certificate.growing_bands:
        return "none"
    (band,) = certificate.growing_bands
    if band.end is not None:
        return f"0 < k < {band.end[0]:.9g}"
    if band.start[1] > 0:
        return f"k > {band.start[0]:.9g}"
    return "every k > 0, at rate zero" if certificate.witness.rate == (0.0, 0.0) else "every k > 0"


def print_tables() -> None:
    print(f"which eps stabilize {KERNEL}: s = rbf(length), lambda = 1/length\n")
    line = "{:<9}{:<34}{:<34}{}".format
    print(line("length", *(f"n = {dim}" for dim in DIMS)))
    for length in LENGTHS:
        print(line(length, *(least_text(length, dim) for dim in DIMS)))
    print(line("elastic", *(feasible_text(wg.certify(KERNEL, stabilizer="elastic", eps=0, dim=dim)) for dim in DIMS)))
    print(f"\nwhich modes grow, n = {DIM}\n")
    line = "{:<8}{:>8}  {:<9}{:<28}{}".format
    print(line("length", "eps", "proved", "growing modes", "kc by the formula"))
    for length, strengths in STRENGTHS.items():
        for eps in strengths:
            answer = stabilized(length, eps)
            kc = critical(length, eps)
            print(line(length, eps, answer.verdict.value, band_text(answer), "-" if kc is None else f"{kc:.9g}"))


CURVES = (
    ("1/2", "3", BLUE, "--", "narrower, s = rbf(1/2), eps = 3, too weak"),
    ("1/2", "4", BLUE, "-", "narrower, s = rbf(1/2), eps = eps* = 4"),
    ("1", "1", BLACK, "-", "equal, s = rbf(1), eps = 1"),
    ("2", "1", RED, "-", "wider, s = rbf(2), eps = 1"),
    ("2", "5", RED, "--", "wider, s = rbf(2), eps = 5"),
)


def draw(path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (rates, narrow, wide) = plt.subplots(1, 3, figsize=(11, 4.4), layout="constrained")
    for length, eps, colour, style, label in CURVES:
        found = wg.spectrum(KERNEL, f"rbf({length})", eps, dim=DIM, kmin="0.02", kmax=6, points=200)
        rates.plot(found.wavenumber, found.rate, style, color=colour, linewidth=1.8, label=label)
    rates.set(xlabel="wavenumber k (1/length)", ylabel="growth rate (1/time)", ylim=(-18, 5), title="growth rates")
    near = [10 ** (i / 12) for i in range(-36, 0)]  # finer where the edge is steep
    weak = sorted(4 * part for part in near + [1 - part for part in near])
    edge = [stabilized("1/2", f"{eps:.12f}").growing_bands[0].end[1] for eps in weak]
    narrow.fill_between([0, *weak, 4], [5, *edge, 0], color=BLUE, alpha=0.35, linewidth=0)
    narrow.axvline(4, color="0.2", linestyle=":", linewidth=1.4)
    narrow.text(4.1, 3.6, "eps* = 4")
    strong = [(1 + part) / 4 for part in near + [10 ** (i / 12) for i in range(32)]]
    edge = [stabilized("2", f"{eps:.12f}").growing_bands[0].start[0] for eps in strong]
    wide.fill_between([0, 0.25, *strong], [0, 0, *edge], 5, color=RED, alpha=0.35, linewidth=0)
    narrow.set(title="modes proved to grow, s = rbf(1/2)", xlim=(0, 6))
    wide.set(title="modes proved to grow, s = rbf(2)", xlim=(0, 90))
    for axes in (narrow, wide):
        axes.set(xlabel="strength eps", ylabel="wavenumber k (1/length)", ylim=(0, 4))
    figure.suptitle(f"discriminator, e = {KERNEL}, n = {DIM}")
    figure.legend(*rates.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", metavar="FILE.png")
    options = parser.parse_args()
    print_tables()
    if options.figure:
        draw(options.figure)


if __name__ == "__main__":
    main()
