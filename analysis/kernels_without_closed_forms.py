"""Claim: a stabilizer is certified for kernels that no table of Fourier transforms has, with the least eps enclosed.

Kernels are written out in r: smooth ones, whose transform falls exponentially, ones with a kink or a root at r = 0, which
leaves powers of k, and ones that decay slowly in r. Their transforms are enclosed by quadrature in ball arithmetic, and by
Watson's lemma with remainders toward k = infinity. For each kernel one eps is proved to make every mode decay and one
somewhat below the least eps is proved to leave a growing mode (discriminator). Where the transform outgrows that of the
stabilizer, no eps is enough, and that is proved as well.

    exp(-r**4), sech(r), exp(-r**2)*log(2+r**2)   smooth and even
    r*exp(-r**2), exp(-r**(3/2)), exp(-sqrt(r))   singular at r = 0: F falls as k^(-n-1), k^(-n-3/2), k^(-n-1/2)
    1/(1+r**4), exp(-sqrt(r))                     decay slowly, the first one with poles at |r| = 1

    python analysis/kernels_without_closed_forms.py [--first COUNT] [--figure FILE.png]
"""

from __future__ import annotations

import argparse
from time import perf_counter

import wgflow as wg

# (kernel, stabilizer, dimension, strengths): the quick ones first.
ROWS = (
    ("exp(-r**4)", "elastic", 3, ("0.24", "0.2")),
    ("exp(-r**4)", "elastic", 16, ("0.55", "0.5")),
    ("exp(-r**(3/2))", "laplace", 2, ("1.6", "1.5")),
    ("sin(r)*exp(-r)/r", "elastic", 3, ("0.26", "0.25")),
    ("r*exp(-r**2)", "elastic", 1, ("0.19", "0.18")),
    ("exp(-r**2)*log(2+r**2)", "elastic", 3, ("0.27", "0.25")),
    ("exp(-r)*cos(r/2)", "elastic", 2, ("0.38", "0.36")),
    ("exp(-r)*besselj(0, r)", "elastic", 1, ("0.39", "0.37")),
    ("sech(r)", "elastic", 2, ("0.67", "0.66")),
    ("exp(-sqrt(r))", "laplace", 1, ("1", "100")),
    ("1/(1+r**4)", "elastic", 3, ("0.33", "0.32")),
    ("tanh(r)*exp(-r)", "elastic", 2, ("0.29", "0.28")),
    ("exp(-sqrt(r))", "elastic", 2, ("0.56", "0.55")),
)
DRAWN = (0, 2, 4)
RED, BLUE = "#d55e00", "#0072b2"
LINE = "{:<26}{:<12}{:>3}{:>8}  {:<10}{:<34}{:>8}"


def least_text(answer: wg.Certificate) -> str:
    """Says which eps make every mode decay."""
    if answer.feasible is None:
        return "not found"
    if answer.feasible.empty is not None:
        return "no eps"
    low, high = answer.least_eps
    digits = next(d for d in range(17, 0, -1) if f"{low:.{d}g}" == f"{high:.{d}g}")
    return f"eps {'>=' if answer.feasible.lower.attained else '>'} {low:.{digits}g}"


def print_table(count: int) -> None:
    print("kernels written out in r, discriminator\n")
    print(LINE.format("kernel", "stabilizer", "n", "eps", "proved", "feasible eps", "seconds"))
    for kernel, stabilizer, dim, strengths in ROWS[:count]:
        for eps in strengths:
            start = perf_counter()
            answer = wg.certify(kernel, stabilizer, eps, dim)
            seconds = f"{perf_counter() - start:.1f}"
            print(LINE.format(kernel, stabilizer, dim, eps, answer.verdict.value, least_text(answer), seconds), flush=True)


def draw(path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(DRAWN), figsize=(11, 4), layout="constrained")
    for axes, row in zip(panels, DRAWN, strict=True):
        kernel, stabilizer, dim, strengths = ROWS[row]
        for eps, colour, style in zip(("0", *strengths), ("0.2", BLUE, RED), (":", "-", "--"), strict=True):
            found = wg.spectrum(kernel, stabilizer, eps, dim=dim, kmin="0.05", kmax=10, points=120)
            axes.plot(found.wavenumber, found.rate, style, color=colour, linewidth=1.8, label=f"eps = {eps}")
        axes.axhline(0, color="0.6", linewidth=0.8)
        axes.set(title=f"{kernel}, s = {stabilizer}, n = {dim}", xlabel="wavenumber k (1/length)", xlim=(0, 8))
        top = axes.get_lines()[0].get_ydata().max()
        axes.set_ylim(-1.5 * top, 1.2 * top)
        axes.legend(frameon=False)
    panels[0].set_ylabel("growth rate (1/time)")
    figure.suptitle("discriminator: growth rates, without and with the stabilizer")
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=len(ROWS), metavar="COUNT", help="only the first COUNT kernels")
    parser.add_argument("--figure", metavar="FILE.png")
    options = parser.parse_args()
    print_table(options.first)
    if options.figure:
        draw(options.figure)


if __name__ == "__main__":
    main()
