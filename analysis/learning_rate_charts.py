"""Claim: which learning rates and how many critic steps contract every mode, and what momentum is worth.

Kernel e = rbf(1), stabilizer s = rbf(1) with eps = 3/2, n = 2: the discriminator's growth rate is -k^2 F(e)(k)/2, whose peak
is (1/2) 4 pi/e at k = sqrt 2. Alone, with learning rate eta and momentum b, it contracts every mode exactly for

    plain        eta peak < 2
    heavy ball   eta peak < 2 (1 + b)
    Nesterov     eta peak < 2 (1 + b)/(1 + 2 b)

so that of two ways to the same momentum Nesterov's stands the smaller rate. With a generator at a quarter of the learning rate,
n critic steps and then one generator step multiply a mode by (1 - u)^n (1 - u/2), u = eta rate: the limit is its first
crossing of -1 or 1. The generator's factor is small where the critic's leaves [-1, 1], so that the limit lies above that of the
discriminator alone, and falls toward it with the number of critic steps.
The proved limits stand beside the formulas. The figure charts (learning rate, eps) in float64, the proved limit marked.

    python analysis/learning_rate_charts.py [--figure FILE.png]
"""

from __future__ import annotations

import argparse
from math import e, pi

import numpy as np

import wgflow as wg

EPS, PEAK = "3/2", 4 * pi / e / 2
RULES: dict[str, dict[str, object]] = {
    "plain": {},
    "heavy ball 0.5": {"momentum": "0.5"},
    "heavy ball 0.9": {"momentum": "0.9"},
    "Nesterov 0.9": {"momentum": "0.9", "nesterov": True},
    "both densities move": {"moves": "both"},
    "1 critic step, generator": {"n_critic": 1, "lr_g": "0.0025"},
    "2 critic steps, generator": {"n_critic": 2, "lr_g": "0.0025"},
    "5 critic steps, generator": {"n_critic": 5, "lr_g": "0.0025"},
}
DRAWN = ("plain", "heavy ball 0.9", "Nesterov 0.9", "5 critic steps, generator")


def found(name: str) -> wg.LearningRate:
    return wg.learning_rate("rbf", "rbf", EPS, 2, **{"lr_d": "0.01", **RULES[name]})


def formula(name: str) -> float:
    """Returns the limit of eta by the formulas above."""
    rule = RULES[name]
    if "lr_g" in rule:
        generator = np.poly1d([-0.5, 1])  # a quarter of the rate, twice the growth rate
        multiplier = np.poly1d([-1, 1]) ** int(str(rule["n_critic"])) * generator
        roots = np.concatenate([(multiplier - 1).roots, (multiplier + 1).roots])
        return float(min(r.real for r in roots if abs(r.imag) < 1e-9 and r.real > 1e-6)) / PEAK
    b = float(str(rule.get("momentum", 0)))
    limit = 2 * (1 + b) / (1 + 2 * b) if rule.get("nesterov") else 2 * (1 + b)
    return limit / PEAK / (2 if rule.get("moves") == "both" else 1)


def draw(answers: dict[str, wg.LearningRate], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, grid = plt.subplots(2, 2, figsize=(9, 6.4), layout="constrained", sharey=True)
    for name, axes in zip(DRAWN, grid.flat, strict=True):
        answers[name].plot(axes)
        axes.set_title(name, fontsize="medium")
        axes.legend().remove() if name != DRAWN[0] else None
    figure.savefig(path, dpi=100)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--figure", metavar="FILE.png")
    args = options.parse_args()
    print("rule                        verdict at 0.01   proved limit of lr-d       formula")
    answers = {name: found(name) for name in RULES}
    for name, answer in answers.items():
        low, high = answer.largest_lr_d
        print(f"{name:<26}  {answer.verdict.value:<16}  {low:.8f} ... {high:.8f}  {formula(name):.8f}")
        assert low <= formula(name) <= high
    if args.figure:
        draw(answers, args.figure)


if __name__ == "__main__":
    main()
