"""What a whole process of wgflow costs: `certify --json` and `spectrum --json` as multiples of `python -c pass`.

The runs are interleaved, so that a busy machine slows all of them; medians are compared. Aim: at most 6.

    python benchmarks/startup.py [--runs 25]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from statistics import median, quantiles

AIM = 6
BARE = "python -c pass"
CERTIFY = ["--kernel", "rbf(1)", "--stabilizer", "elastic", "--eps", "0.7", "--dim", "2"]
COMMANDS = {
    BARE: ["-c", "pass"],
    "wgflow certify": ["-m", "wgflow", "certify", *CERTIFY, "--json"],
    "wgflow spectrum": ["-m", "wgflow", "spectrum", "--kernel", "rbf", "--eps", "0.2", "--json"],
}


def seconds(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(runs: int) -> dict[str, list[float]]:
    """Returns the seconds of each command, run in turns after one round that fills the disk cache and compiles."""
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for i in range(runs + 1):
        for name, arguments in COMMANDS.items():
            spent = seconds(arguments)
            if i:
                found[name].append(spent)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=25, choices=range(2, 1001), metavar="N")
    found = measure(parser.parse_args().runs)
    bare = median(found[BARE])
    print(f"{'process':<18}{'median ms':>11}{'quartiles ms':>18}{'ratio':>8}")
    for name, spent in found.items():
        low, _, high = quantiles(spent, n=4)
        ends = f"{1000 * low:.1f} ... {1000 * high:.1f}"
        print(f"{name:<18}{1000 * median(spent):>11.1f}{ends:>18}{median(spent) / bare:>8.2f}")
    worst = max(median(spent) / bare for spent in found.values())
    print(f"aim: at most {AIM}; {'met' if worst <= AIM else 'missed'}")


if __name__ == "__main__":
    main()
