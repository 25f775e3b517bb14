"""Claim: the least eps of the MMD-GAN mixture explodes with the dimension n; that of a rational-quadratic mixture does not.

Mixtures: rbf(1) + rbf(2) + rbf(4) + rbf(8) + rbf(16), and rq over alpha = 0.2, 0.5, 1, 2, 5. Stabilizers: elastic, and
the mixture's own copy at half its length. eps* is the lower end of the interval of eps that make every mode decay under
the discriminator; it is enclosed with proofs.

    rbf mixture, half-length copy   eps* = 2^n, approached as k -> 0
    rbf mixture, elastic            eps* grows like 16^n 2^(n/2) Gamma((n-1)/2): the longest length rules
    rq mixture, elastic             no eps for n >= 2: F(rq(0.2)) behaves as k^(0.4 - n) toward k = 0, F(elastic) as 1/k
    rq mixture, half-length copy    eps* stays below M = 3.69..., in every dimension

Why M: both kernels are mixtures of exp(-t r^2), with densities m(t) and m_s(t). F(e) - eps F(s) is the integral of
(m - eps m_s)(t) (pi/t)^(n/2) exp(-k^2/4t), so eps = M = sup m/m_s is enough in every n. The rbf mixtures have no such
bound: their lengths are discrete and the longest, 16, is missing in the copy.

    python analysis/least_eps_by_dimension.py [--dims 1,2,4] [--figure FILE.png]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from math import exp, gamma

import wgflow as wg

DIMS = (1, 2, 3, 4, 8, 16, 32, 64, 128)
ALPHAS = (0.2, 0.5, 1, 2, 5)
RBF = wg.kernel("rbf(1) + rbf(2) + rbf(4) + rbf(8) + rbf(16)")
RQ = wg.kernel(" + ".join(f"rq({alpha})" for alpha in ALPHAS))
SERIES = {
    "rbf mixture, elastic": (RBF, wg.kernel("elastic"), "#d55e00", "o-"),
    "rbf mixture, half length": (RBF, RBF.stretched("1/2"), "#e69f00", "s-"),
    "rq mixture, elastic": (RQ, wg.kernel("elastic"), "#0072b2", "v-"),
    "rq mixture, half length": (RQ, RQ.stretched("1/2"), "#009e73", "D-"),
}


def least_eps(kernel: wg.Kernel, stabilizer: wg.Kernel, dim: int) -> tuple[float | None, str]:
    """Returns eps*, and in words whether it belongs to the feasible interval or why there is none."""
    answer = wg.certify(kernel, stabilizer, eps=0, dim=dim)
    if answer.feasible is None:
        return None, f"not found: {answer.reason}"
    if answer.feasible.empty is None:
        low, _ = answer.least_eps
        return low, f"eps {'>=' if answer.feasible.lower.attained else '>'} {low:.6g}"
    end = answer.feasible.empty.end
    where = {None: "modes conflict", "zero": "k -> 0", "infinity": "k -> oo"}[end and end.value]
    return None, f"no eps ({where})"


def uniform_bound() -> float:
    """Returns M = sup of m(t)/m_s(t) for the rq mixture and its half-length copy, in floats."""

    def density(t: float, length: float) -> float:
        rates = [(alpha, 2 * alpha * length**2) for alpha in ALPHAS]
        return sum(c2**alpha * t ** (alpha - 1) * exp(-c2 * t) / gamma(alpha) for alpha, c2 in rates)

    return max(density(t, 1) / density(t, 0.5) for t in (10 ** (i / 500) for i in range(-4000, 750)))


def table(dims: Sequence[int]) -> dict[str, list[float | None]]:
    """Prints the table and returns eps* by series, for each dimension."""
    found: dict[str, list[float | None]] = {name: [] for name in SERIES}
    print("the least eps, discriminator\n")
    print(f"{'n':>4}  " + "".join(f"{name:<26}" for name in SERIES) + "default stabilizers")
    for dim in dims:
        cells = []
        for name, (kernel, stabilizer, _, _) in SERIES.items():
            value, text = least_eps(kernel, stabilizer, dim)
            found[name].append(value)
            cells.append(f"{text:<26}")
        kinds = ["elastic" if str(wg.default_stabilizer(kernel, dim)) == "elastic" else "half length" for kernel in (RBF, RQ)]
        print(f"{dim:>4}  " + "".join(cells) + ", ".join(kinds))
    print(f"\nrq mixture, half length: eps = {uniform_bound():.5f} (sup of the ratio of mixing densities) is enough in every n")
    return found


def draw(dims: Sequence[int], found: dict[str, list[float | None]], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (wide, close) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    for name, (kernel, _, colour, style) in SERIES.items():
        points = [(dim, value) for dim, value in zip(dims, found[name], strict=True) if value is not None]
        label = name if len(points) > 1 else f"{name} (n = 1 only)"
        for axes in (wide, close) if kernel == RQ else (wide,):
            axes.plot(*zip(*points, strict=True), style, color=colour, linewidth=1.6, markersize=5, label=label)
    close.axhline(uniform_bound(), color="0.2", linestyle=":", linewidth=1.4)
    close.text(1, uniform_bound() + 0.05, "enough in every dimension")
    wide.set(title="both mixtures", xlabel="dimension n", ylabel="least eps (logarithmic)", yscale="log")
    wide.set_yticks([10.0**power for power in range(0, 260, 50)])
    close.set(title="the rq mixture", xlabel="dimension n (logarithmic)", ylabel="least eps", ylim=(1, 4))
    close.set_xscale("log", base=2)
    close.set_xticks(dims, [str(dim) for dim in dims])
    close.minorticks_off()
    figure.legend(*wide.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dims", default=",".join(map(str, DIMS)))
    parser.add_argument("--figure", metavar="FILE.png")
    options = parser.parse_args()
    dims = [int(dim) for dim in options.dims.split(",")]
    found = table(dims)
    if options.figure:
        draw(dims, found, options.figure)


if __name__ == "__main__":
    main()
