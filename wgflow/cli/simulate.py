"""wgflow simulate: particles or a density that follow the flow of a kernel."""

from __future__ import annotations

import argparse

from wgflow.cli import simulate_density, simulate_particles

HELP = "particles or a density that follow the flow, their modes beside the certified rates"
DESCRIPTION = "Simulates the Wasserstein gradient flow of a kernel; see `wgflow simulate particles --help`, `... density --help`."
KINDS = {"particles": simulate_particles, "density": simulate_density}


def add_options(command: argparse.ArgumentParser) -> None:
    kinds = command.add_subparsers(dest="kind", metavar="KIND", required=True, parser_class=type(command))
    for name, module in KINDS.items():
        kind = kinds.add_parser(name, help=module.HELP, description=module.DESCRIPTION, allow_abbrev=False)
        module.add_options(kind)
