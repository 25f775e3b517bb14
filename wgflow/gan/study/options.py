"""The options that every script of a study has, and what it prints and writes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from wgflow.arithmetic.number import InputError
from wgflow.files import write_whole
from wgflow.gan.study.drawing import draw_study
from wgflow.gan.study.study import run_study
from wgflow.gan.study.study_table import StudyTable
from wgflow.gan.training.settings import Settings, read_settings


def study_parser(description: str, config: Path, seeds: int) -> argparse.ArgumentParser:
    """Returns a parser with the options of every study; a script adds its own."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--config", default=str(config), metavar="FILE.toml", help=f"what all cells share (default {config.name})")
    add("--set", action="append", default=[], metavar="TABLE.KEY=VALUE", help="change one setting, such as training.steps=500")
    add("--seeds", type=int, default=seeds, metavar="N", help=f"seeds 0 ... N - 1 (default {seeds})")
    add("--out", default=None, metavar="DIR", help="where results are kept and gone on from (default studies/NAME)")
    add("--workers", type=int, default=1, metavar="N", help="processes, one thread each (default 1)")
    add("--budget-minutes", default=None, metavar="M", help="begin no training after M minutes; run again to go on")
    add("--device", default="auto", metavar="DEVICE", help="cpu, cuda or auto (default)")
    add("--csv", metavar="FILE.csv", help="write a line a training")
    add("--figure", metavar="FILE.png", help="draw every training")
    add("--quick", action="store_true", help="a few short trainings, to see that everything works; the numbers mean nothing")
    return parser


class StudyOptions:
    """The options of a study's command line; ``name`` is that of its folder."""

    def __init__(self, name: str, given: argparse.Namespace) -> None:
        self.name, self.given = name, given
        self.folder = Path(given.out or f"studies/{name}")

    def settings(self, *changes: str) -> Settings:
        """Returns what all cells share, changed for one cell, then by what --set says."""
        return read_settings(self.given.config, [*changes, *self.given.set])

    def table(
        self, cells: Mapping[str, Settings], part: str = "", keep_runs: bool = False, data_root: object = None
    ) -> StudyTable:
        """Trains what is missing and returns the table."""
        given = self.given
        return run_study(
            cells,
            range(given.seeds),
            self.folder / part,
            workers=given.workers,
            budget_minutes=given.budget_minutes,
            device=given.device,
            keep_runs=keep_runs,
            data_root=data_root,
            told=_told if sys.stderr.isatty() else None,
        )

    def show(self, tables: Mapping[str, StudyTable], metrics: Sequence[str], judged_by: str, baseline: str) -> None:
        """Prints the tables, and writes the figure and the results that were asked for."""
        for title, table in tables.items():
            print(f"{title}\n{table.text(metrics, judged_by, baseline)}\n")
            _devices(table)
        if self.given.csv:
            texts = [table.to_csv().splitlines(keepends=True) for table in tables.values()]
            heads = {text[0] for text in texts}
            if len(heads) > 1:
                raise InputError("the tables have different metrics; write them one at a time.")
            lines = [f"data,{texts[0][0]}", *(f"{t},{line}" for t, text in zip(tables, texts, strict=True) for line in text[1:])]
            write_whole(self.given.csv, "".join(lines).encode())
        if self.given.figure:
            draw_study(tables, metrics, judged_by, self.given.figure)


def _devices(table: StudyTable) -> None:
    seconds = sum(result.seconds for result in table.results)
    names = sorted({result.device for result in table.results})
    if names:
        print(f"{len(table.results)} trainings, {seconds / 60:.1f} minutes of training on {', '.join(names)}\n")


def _told(cell: str, done: int, total: int) -> None:
    print(f"\r\x1b[K{done}/{total} {cell}", end="" if done < total else "\n", file=sys.stderr, flush=True)
