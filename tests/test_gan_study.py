"""Studies: what a course is, that results do not depend on the order or the processes, and that nothing is trained twice."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from wgflow import InputError
from wgflow.gan.study.cell import CellResult, load_result
from wgflow.gan.study.drawing import draw_study
from wgflow.gan.study.script import exit_code_of
from wgflow.gan.study.series import Course, course
from wgflow.gan.study.study import run_study
from wgflow.gan.study.study_table import StudyTable

ROOT = str(Path(__file__).parent.parent)
TABLES = {
    "data": {"name": "eight-gaussians"},
    "generator": {"latent": 2, "width": 8, "depth": 1},
    "discriminator": {"features": 2, "width": 8, "depth": 1},
    "objective": {"name": "mmd", "kernel": "rbf(1)"},
    "training": {"steps": 3, "batch": 8},
    "measure": {"every": 1, "samples": 40},
}
WIDER = {**TABLES, "generator": {"latent": 2, "width": 9, "depth": 1}}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.exp(-np.arange(12) / 4) + 0.1, Course.SETTLED),
        (1 - np.arange(12) / 20, Course.SETTLED),  # still falling, on a straight line
        (0.2 + 0.15 * np.cos(np.pi * np.arange(12)), Course.OSCILLATED),
        (0.1 + np.arange(12) / 10, Course.DIVERGED),
        ([1, 0.5, None, 0.2, 0.2, 0.2], Course.DIVERGED),
        ([1, 0.5, float("inf"), 0.2, 0.2, 0.2], Course.DIVERGED),
        ([1, 2, 3], Course.UNKNOWN),
    ],
)
def test_course(values, expected):
    assert course(list(values)) is expected
    assert course(list(values), ended_well=False) is Course.DIVERGED


def contents(folder: Path) -> dict[str, dict]:
    found = {str(path.relative_to(folder)): json.loads(path.read_text()) for path in sorted(folder.rglob("*.json"))}
    for result in found.values():
        result.pop("seconds")
    return found


def test_results_do_not_depend_on_processes_and_are_kept(tmp_path):
    cells = {"narrow": TABLES, "wide": WIDER}
    told = []
    one = run_study(cells, [0, 1], tmp_path / "one", device="cpu", told=lambda *each: told.append(each))
    two = run_study(dict(reversed(cells.items())), [1, 0], tmp_path / "two", workers=2, device="cpu")
    assert [count for _, count, _ in told] == [1, 2, 3, 4]
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert one.missing == two.missing == 0
    again = run_study(cells, [0, 1], tmp_path / "one", device="cpu", told=lambda *each: pytest.fail("trained twice"))
    assert again == one
    assert {len(result.series["sliced-w2"]) for result in one.results} == {3}
    changed = run_study({"narrow": WIDER}, [0], tmp_path / "one", device="cpu")  # other settings under the same name
    assert changed.results[0].metrics == one.of("wide")[0].metrics != one.of("narrow")[0].metrics


def test_no_time_no_training(tmp_path):
    found = run_study({"a": TABLES}, [0, 1], tmp_path, budget_minutes="1e-9", device="cpu")
    assert found.missing == 2
    assert "2 trainings are missing" in found.text(["coverage"], "sliced-w2")


def test_damaged_results_are_refused(tmp_path):
    run_study({"a": TABLES}, [0], tmp_path, device="cpu")
    (path,) = tmp_path.rglob("*.json")
    for text in ("", "[]", "{}", '{"schema": "wgflow.study/1", "steps": 3}'):
        path.write_text(text)
        with pytest.raises(InputError, match="remove it to train this cell anew"):
            load_result(path)


@pytest.mark.parametrize("wrong", [{}, {"": TABLES}, {"../up": TABLES}, {"a\nb": TABLES}])
def test_wrong_cells(wrong, tmp_path):
    with pytest.raises(InputError):
        run_study(wrong, [0], tmp_path)


def result(cell: str, seed: int, **metrics: float | None) -> CellResult:
    return CellResult(cell, seed, "finished", 9, None, metrics, (1, 2), {"d": (1.0, 2.0)}, 0, 1.0, "a, machine")


def test_table_against_scipy():
    rng = np.random.default_rng(5)
    base, gain = rng.normal(3, 1, 8), rng.normal(-0.5, 0.2, 8)
    rows = [result("base", s, d=b) for s, b in enumerate(base)]
    rows += [result("new", s, d=b) for s, b in enumerate(base + gain)]
    rows.append(result("new", 8, d=None))
    table = StudyTable(("base", "new"), tuple(range(9)), tuple(rows))
    found = table.difference("new", "base", "d")
    low, high = stats.t.interval(0.95, 7, gain.mean(), gain.std(ddof=1) / sqrt(8))
    assert (found.mean - found.half_width, found.mean + found.half_width) == pytest.approx((low, high), rel=1e-9)
    assert found.count == 8
    spread = table.spread("base", "d")
    assert (spread.low, spread.median, spread.high) == pytest.approx(np.percentile(base, [25, 50, 75]))
    assert table.missing == 1
    lines = table.text(["d"], "d", "base").splitlines()
    assert lines[0].split() == ["cell", "runs", "settled", "oscillated", "diverged", "d", "d", "minus", "that", "of", "base"]
    assert lines[2].startswith("new") and f"{gain.mean():+.3g} ±" in lines[2]
    assert table.to_csv().splitlines()[0] == "cell,seed,outcome,step,collapsed,alarms,seconds,device,d"
    assert '"a, machine"' in table.to_csv()
    with pytest.raises(InputError, match="baseline"):
        table.text(["d"], "d", "other")


def test_figure_is_whole(tmp_path):
    table = StudyTable(("a",), (0, 1), (result("a", 0, d=1.0), result("a", 1, d=None)))
    draw_study({"one": table, "two": table}, ["d"], "d", tmp_path / "f.png")
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 1


def test_ctrl_c_ends_the_whole_study(tmp_path):
    """The trainings after the one that hears it do not begin; what is finished stays."""
    long = {**TABLES, "training": {"steps": 10**6, "batch": 8}, "measure": {"samples": 40}}
    threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        run_study({"short": TABLES, "long": long, "after": {**WIDER, "training": long["training"]}}, [0], tmp_path, device="cpu")
    found = {result["cell"]: result["outcome"] for result in contents(tmp_path).values()}
    assert found == {"short": "finished", "long": "interrupted"}


STUDY = """
import json, sys
from wgflow.gan.study.study import run_study
if __name__ == "__main__":
    run_study({"a": json.loads(sys.argv[1])}, [0, 1], sys.argv[2], workers=2, device="cpu", keep_runs=True)
"""


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_process_outlives_its_study(tmp_path, how):
    """Only the first process gets the signal; the two others stop after their step, with a checkpoint, and end."""
    (tmp_path / "study.py").write_text(STUDY)
    tables = {**TABLES, "training": {"steps": 10**6, "batch": 8}, "measure": {"samples": 40, "every": 0}}
    command = [sys.executable, str(tmp_path / "study.py"), json.dumps(tables), str(tmp_path / "out")]
    study = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": ROOT})
    logs = "out/*/seed-*/log.jsonl"
    assert soon(lambda: len(list(tmp_path.glob(logs))) == 2 and all(p.stat().st_size for p in tmp_path.glob(logs)))
    study.send_signal(how)
    study.wait(60)
    assert soon(lambda: not group(study.pid))
    results = [json.loads(path.read_text()) for path in tmp_path.glob("out/*/seed-*/result.json")]
    assert [result["outcome"] for result in results] == ["interrupted", "interrupted"]


def soon(true, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not true():
        time.sleep(0.2)
    return true()


def group(number):
    """Processes of a session that are alive; the dead ones that nobody waits for do not count."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
            if int(session) == number and state != "Z":
                found.append(path)
    return found


def test_scripts_end_with_one_line_and_their_code(capsys):
    def wrong():
        raise InputError("wrong\nthing")

    def absent():
        Path("/absent/file").read_bytes()

    def interrupted():
        raise KeyboardInterrupt

    codes = [exit_code_of(main) for main in (lambda: None, lambda: 1, wrong, absent, interrupted)]
    assert codes == [0, 1, 2, 4, 130]
    assert [line.count(": ") for line in capsys.readouterr().err.splitlines()] == [1, 2, 1]
