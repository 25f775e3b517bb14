"""Expressions are certified in a child process under limits: it can run away, run out of memory or be killed, and only
the verdict suffers."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import wgflow as wg
from wgflow.stability import confined
from wgflow.stability.confined_message import answer_from_message, answer_to_message

CLAIM = {"kernel": "exp(-r**4)", "stabilizer": "elastic", "eps": "3", "dim": 2}
ENV = {**os.environ, "COLUMNS": "120"}
PATCHED = (
    "import sys, os, time; sys.path.insert(0, sys.argv[1]); from wgflow.stability import confined_child as child\n"
    "def job(data):\n    {body}\n"
    "for name in child.JOBS: child.JOBS[name] = job\n"
    "child.main()"
)
FLINT_RUNS = "import flint; flint.ctx.prec = 10**10; return str(flint.arb.pi() > 3)"
FLINT_FILLS = "import flint; return str(flint.fmpz(2) ** (10**11) > 3)"
LOOP = "while True: pass"


@pytest.fixture
def planted(monkeypatch):
    """Puts other work into the child in place of its jobs."""

    def plant(body: str, seconds: int = 60, mib: int = 256) -> None:
        monkeypatch.setattr(confined, "_START", PATCHED.format(body=body))
        monkeypatch.setenv(confined.TIME_LIMIT, str(seconds))
        monkeypatch.setenv(confined.MEMORY_LIMIT, str(mib))

    return plant


def no_child_is_left() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


@pytest.mark.parametrize(
    "claim",
    [
        ("rbf", "elastic", "0.7"),
        ("rbf", "elastic", "0.2"),
        ("rbf", "rbf(1/2)", "4"),
        ("rbf", "rbf(2)", "1"),
        ("energy", "energy", "1"),
        ("rbf - rbf(2)", "wendland", "1", 5),
        ("rbf", "elastic", "0.61", 2, "discriminator", "2*pi"),
        ("rbf", "elastic", "0.5", 2, "discriminator", None, "0.1,10"),
        ("rq(1)", "energy", "2", "all"),
        ("rbf", "rbf(2)", "2", "all"),
        ("rq(1)", "rq(2)", "2", "all"),
    ],
)
def test_answers_travel_unchanged(claim):
    answer = wg.certify(*claim)
    again = answer_from_message(answer.claim, json.loads(json.dumps(answer_to_message(answer))))
    assert again.to_file_json() == answer.to_file_json()
    assert (again.suggestion, again.summary()) == (answer.suggestion, answer.summary())


@pytest.mark.parametrize("eps", ["3", "0.1"])
def test_the_child_finds_what_this_process_would(eps, monkeypatch):
    claim = {**CLAIM, "eps": eps}
    there = wg.certify(**claim)
    rates_there = wg.spectrum(**claim, points=4)
    monkeypatch.setattr(confined, "_inside", True)
    here = wg.certify(**claim)
    rates_here = wg.spectrum(**claim, points=4)
    assert there.to_file_json() == here.to_file_json() and there.verdict is not wg.Verdict.UNDECIDED
    assert rates_there.to_json() == rates_here.to_json()


@pytest.mark.parametrize("body", [LOOP, FLINT_RUNS, "time.sleep(100)"], ids=["Python", "FLINT", "asleep"])
def test_a_runaway_computation_is_undecided(planted, body):
    planted(body, seconds=1, mib=8192)
    start = time.monotonic()
    found = wg.certify(**CLAIM)
    assert found.verdict is wg.Verdict.UNDECIDED and found.reason.startswith("the computation ran past 1 s")
    assert time.monotonic() - start < 8 and no_child_is_left()


@pytest.mark.parametrize("body", ["return 'x' * 10**11", FLINT_FILLS], ids=["Python", "FLINT"])
def test_out_of_memory_is_undecided(planted, body):
    planted(body)
    found = wg.certify(**CLAIM)
    assert found.verdict is wg.Verdict.UNDECIDED and "256 MiB of memory" in found.reason
    assert ("arithmetic library aborted" in found.reason) is (body == FLINT_FILLS)
    assert no_child_is_left()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_killed_child_is_undecided(planted, number):
    planted(f"os.kill(os.getpid(), {int(number)}); time.sleep(9)")
    found = wg.certify(**CLAIM)
    assert found.verdict is wg.Verdict.UNDECIDED and f"killed by signal {int(number)}" in found.reason


def test_an_undecided_certificate_replays(planted, monkeypatch):
    planted(LOOP, seconds=1)
    found = wg.certify(**CLAIM)
    monkeypatch.undo()
    assert wg.verify(found.to_file_json()).verdict is wg.Verdict.UNDECIDED


def test_a_stabilizer_that_takes_too_long_to_choose(planted):
    planted(LOOP, seconds=1)
    found = wg.certify("exp(-r**4)", eps=3)
    assert str(found.claim.stabilizer) == "elastic" and found.verdict is wg.Verdict.UNDECIDED


def test_a_bug_in_the_child_is_no_verdict(planted, monkeypatch):
    planted("raise ZeroDivisionError('planted')")
    with pytest.raises(RuntimeError, match="ZeroDivisionError: planted"):
        wg.certify(**CLAIM)
    monkeypatch.setattr(confined, "_START", "import no_such_module")
    with pytest.raises(RuntimeError, match="no_such_module"):
        wg.certify(**CLAIM)


def test_what_a_library_prints_is_not_the_answer(planted):
    planted("print('{}'); sys.stdout.flush(); os.write(1, b'[]'); return 'elastic'")
    assert str(wg.default_stabilizer(wg.kernel("exp(-r**4)"), 2)) == "elastic"


@pytest.mark.parametrize("name", [confined.TIME_LIMIT, confined.MEMORY_LIMIT])
@pytest.mark.parametrize("value", ["0", "-1", "1e3", "nan", "x", "1" * 30])
def test_wrong_limits(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(wg.InputError, match=name):
        wg.certify(**CLAIM)


def test_named_kernels_need_no_child(monkeypatch):
    monkeypatch.setattr(confined, "_START", "raise SystemExit(9)")
    assert wg.certify("rbf", "elastic", "0.7").decays and wg.spectrum("exp(-r**2/2)", "elastic", "0.7").certificate.decays


def test_certificates_of_expressions_replay_and_lies_are_refused():
    data = wg.certify(**CLAIM).to_file_json()
    assert wg.verify(data).verdict is wg.Verdict.DECAYS
    from wgflow.stability.certificate import digest

    for eps in ("1/10", "0"):
        lie = json.loads(json.dumps(data))
        lie["result"]["claim"]["eps"] = eps
        lie["digest"] = digest({key: value for key, value in lie.items() if key != "digest"})
        with pytest.raises(wg.Refused):
            wg.verify(lie)
    with pytest.raises(wg.Refused, match="digest"):
        wg.verify({**data, "digest": "sha256:0"})


def test_a_replay_that_is_stopped_is_no_verdict(planted, tmp_path):
    path = tmp_path / "proof.json"
    wg.certify(**CLAIM).save(path)
    planted(LOOP, seconds=1)
    with pytest.raises(confined.Stopped, match="ran past 1 s"):
        wg.verify(path)
    from wgflow.cli.main import main

    assert main(["verify", str(path)]) == 4


def test_from_threads():
    found = []
    threads = [threading.Thread(target=lambda: found.append(wg.certify(**CLAIM).decays)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True, True] and no_child_is_left()


# --- as a process -------------------------------------------------------------------------------------------------

CERTIFY = ["certify", "--kernel", "exp(-r**4)", "--stabilizer", "elastic", "--eps", "3"]
ROOT = os.path.dirname(os.path.dirname(wg.__file__))
MAIN = f"import sys; sys.path.insert(0, {ROOT!r}); from wgflow.cli.main import main; sys.exit(main({CERTIFY!r}))"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(closed, tmp_path):
    path = tmp_path / "proof.json"
    line = f"{sys.executable} -m wgflow {' '.join(map(repr, CERTIFY))} --certificate {path} {closed}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, timeout=60, env=ENV)
    if ">&-" in closed.replace("2>&-", ""):
        assert done.returncode == 4
    else:
        assert done.returncode == 0 and wg.verify(path).verdict is wg.Verdict.DECAYS


def test_without_a_working_directory(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os; os.rmdir({str(gone)!r}); {MAIN}"
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=gone, capture_output=True, text=True, timeout=60, env=ENV)
    assert done.returncode == 0, done.stderr


def test_modules_beside_the_user_are_not_run(tmp_path):
    """A file named like a module in the working directory is not what the child imports."""
    for name in ("flint.py", "json.py", "threading.py"):
        (tmp_path / name).write_text("raise SystemExit('hijacked')")
    env = {key: value for key, value in ENV.items() if key != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-P", "-c", MAIN], cwd=tmp_path, capture_output=True, text=True, timeout=60, env=env)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_the_child_does_not_outlive_its_parent(number, tmp_path):
    note = tmp_path / "pid"
    new = str(note) + ".new"
    body = f"open({new!r}, 'w').write(str(os.getpid())); os.rename({new!r}, {str(note)!r}); time.sleep(60)"
    start = PATCHED.format(body=body)
    # A shell's background job ignores SIGINT, and so would everything that it starts: this run of the tests, perhaps.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{listen}\nimport sys; from wgflow.stability import confined; confined._START = {start!r}\n{MAIN}"
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=ENV)
    wait_until(note.exists)
    child = int(note.read_text())
    parent.send_signal(number)
    _, errors = parent.communicate(timeout=20)
    if number == signal.SIGINT:
        assert parent.returncode == 130 and errors == "wgflow: interrupted\n"
    wait_until(lambda: not is_running(child))


def wait_until(condition, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_kernel_that_really_takes_long():
    env = {**ENV, confined.TIME_LIMIT: "1"}
    command = [sys.executable, "-m", "wgflow", "certify", "--kernel", "exp(-r**200)", "--stabilizer", "elastic", "--eps", "3"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=60, env=env)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["verdict"], done.stderr) == (3, "UNDECIDED", "")
    assert answer["reason"] == "the computation ran past 1 s (WGFLOW_TIME_LIMIT=SECONDS allows more)"


def test_rates_that_are_stopped_are_a_failure(planted, capsys):
    from wgflow.cli.main import main

    planted(LOOP, seconds=1)
    code = main(["spectrum", "--kernel", "exp(-r**4)", "--stabilizer", "elastic", "--eps", "3"])
    out, err = capsys.readouterr()
    assert (code, out) == (4, "") and err == "wgflow: the computation ran past 1 s (WGFLOW_TIME_LIMIT=SECONDS allows more)\n"
