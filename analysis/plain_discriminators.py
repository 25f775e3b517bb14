"""Claim: a plain kernel discriminator is unstable at every wavenumber, and the generator stable at every wavenumber.

For the rbf kernel exp(-r^2/2), the energy (Cramer) kernel -r and the elastic kernel 1/r in n = 2 the transform F(e)(k)
is positive for all k > 0. Linearized about a constant density C = 1 the mode k has the growth rate +k^2 F(e)(k) under the
discriminator and -k^2 F(e)(k) under the generator (Chen, Wu and Xiang 2023, sections 3 and 4). Both are proved here for
all k > 0; the rates of rbf are bounded, those of energy grow toward k = 0, those of elastic toward infinity.

    python analysis/plain_discriminators.py [--figure FILE.png]
"""

from __future__ import annotations

import argparse

import wgflow as wg

DIM = 2
KERNELS = {"rbf(1)": "#0072b2", "energy": "#d55e00", "elastic": "#009e73"}
ROLES = ("discriminator", "generator")


def fastest_text(found: wg.Spectrum) -> str:
    fastest = found.fastest
    if fastest is None:
        return "none"
    if fastest.kind != "mode":
        toward = {"zero": "k -> 0", "infinity": "k -> infinity"}[fastest.kind]
        return f"no bound as {toward}" if fastest.rate == float("inf") else f"{fastest.rate:.5f} as {toward}"
    return f"{fastest.rate:.5f} at k = {fastest.wavenumber:.5f}"


def growing_text(certificate: wg.Certificate) -> str:
    """Returns the proved growing wavenumbers in words."""
    bands = [(band.start[1], band.end) for band in certificate.growing_bands]
    return "every k > 0" if bands == [(0.0, None)] else f"{len(bands)} bands" if bands else "none"


def print_table() -> None:
    line = "{:<9}{:<15}{:<9}{:<13}{:>10}{:>10}{:>10}  {}".format
    print(f"growth rates in n = {DIM} about the constant density 1, no stabilizer (eps = 0)\n")
    print(line("kernel", "role", "proved", "growing", "k = 0.1", "k = 1", "k = 10", "fastest growth"))
    for kernel in KERNELS:
        for role in ROLES:
            found = wg.spectrum(kernel, eps=0, dim=DIM, role=role, kmin="0.1", kmax=10, points=3)
            answer = found.certificate
            rates = (f"{rate:.3g}" for rate in found.rate)
            print(line(kernel, role, answer.verdict.value, growing_text(answer), *rates, fastest_text(found)))


def draw(path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.2, 4), layout="constrained")
    for kernel, colour in KERNELS.items():
        for role, style in zip(ROLES, ("-", "--"), strict=True):
            found = wg.spectrum(kernel, eps=0, dim=DIM, role=role, kmin="0.05", kmax=20, points=160)
            axes.plot(found.wavenumber, found.rate, style, color=colour, linewidth=1.8, label=f"{kernel}, {role}")
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_ylim(-12, 12)
    axes.set_xlabel("wavenumber k (1/length)")
    axes.set_ylabel("growth rate (1/time)")
    axes.set_title(f"n = {DIM}, no stabilizer: every mode grows under the discriminator", fontsize="medium")
    figure.legend(loc="outside right center", frameon=False)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", metavar="FILE.png")
    options = parser.parse_args()
    print_table()
    if options.figure:
        draw(options.figure)


if __name__ == "__main__":
    main()
