"""wgflow certify: prove or refute that every mode decays."""

from __future__ import annotations

import argparse

from wgflow.cli.claim import add_claim_options, claim_arguments, table

EXIT = {"DECAYS": 0, "GROWS": 1, "UNDECIDED": 3}


HELP = "prove or refute that every Fourier mode decays"
DESCRIPTION = (
    "Proves or refutes in ball arithmetic that every Fourier mode decays under e - eps s. "
    "Exit code: 0 every mode decays, 1 a mode does not, 3 undecided, 2 wrong input, 4 failure. "
    "A kernel written out in r is certified in a process of its own, within WGFLOW_TIME_LIMIT seconds (environment; "
    "default 60) and WGFLOW_MEMORY_LIMIT MiB (default 2048); beyond them it is undecided."
)


def add_options(command: argparse.ArgumentParser) -> None:
    add_claim_options(command)
    command.add_argument("--certificate", metavar="FILE", help="write the proof to FILE; `wgflow verify FILE` replays it")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from wgflow.stability.certify import certify

    found = certify(**claim_arguments(args))
    if args.certificate:
        found.save(args.certificate)
    if args.json:
        import json

        print(json.dumps(found.to_json(), allow_nan=False))
    else:
        from wgflow.stability.words import answer_rows, claim_rows

        rows = claim_rows(found) + answer_rows(found)
        table(rows + ([("certificate", args.certificate)] if args.certificate else []))
    return EXIT[found.verdict.value]
