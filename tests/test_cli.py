"""The command line as a user (and a hostile one) meets it: every run is a process of its own."""

import json
import os
import subprocess
import sys

import pytest

ENV = {**os.environ, "MPLBACKEND": "Agg", "COLUMNS": "120"}
CERTIFY = ["certify", "--kernel", "rbf", "--stabilizer", "elastic", "--eps", "0.7"]


def wgflow(*arguments, **options):
    command = [sys.executable, "-m", "wgflow", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=ENV, **options)


def test_certify_decays(tmp_path):
    path = tmp_path / "proof.json"
    done = wgflow(*CERTIFY, "--json", "--certificate", str(path))
    answer = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(answer) == ["schema", "claim", "verdict", "reason", "witness", "growing_bands", "feasible_eps"]
    assert answer["schema"] == "wgflow.certify/1" and answer["verdict"] == "DECAYS"
    assert answer["claim"]["eps"] == "7/10" and answer["claim"]["dim"] == 2
    low, high = answer["feasible_eps"]["lower"]["enclosure"]
    exact = 0.60653065971263342360379953499118  # exp(-1/2), MATH.md section 3
    assert low <= exact <= high and high - low <= 1e-9 * low
    assert answer["feasible_eps"] == {"empty": False, "lower": {"enclosure": [low, high], "attained": False}, "upper": None}
    assert wgflow("verify", str(path)).returncode == 0
    path.write_text(path.read_text().replace("DECAYS", "GROWS"))
    refused = wgflow("verify", str(path))
    assert refused.returncode == 1 and "REFUSED" in refused.stdout


def test_exit_codes_are_verdicts():
    assert wgflow("certify", "--kernel", "rbf", "--eps", "0.2").returncode == 1
    assert wgflow("certify", "--kernel", "rbf", "--eps", "0.2", "--role", "generator").returncode == 1
    assert wgflow("certify", "--kernel", "rbf", "--role", "generator").returncode == 0
    assert wgflow("certify", "--kernel", "rbf", "--eps", "0.61", "--dim", "2", "--period", "2*pi").returncode == 0
    # -rbf - eps*tophat changes sign toward infinity ever more closely around zero: nothing decides it
    undecided = wgflow(
        "certify", "--kernel", "-rbf + tophat(1) - tophat(1/2)", "--stabilizer", "rbf", "--eps", "100", "--dim", "3"
    )
    assert undecided.returncode in (1, 3)


def test_spectrum_says_it_plainly():
    done = wgflow("spectrum", "--kernel", "rbf", "--eps", "0.2")
    assert done.returncode == 0 and done.stderr == ""
    assert "elastic" in done.stdout and "eps = 0.2 is not enough; the least eps is 0.606530659713" in done.stdout
    assert "--eps 0.61" in done.stdout
    fixed = json.loads(wgflow("spectrum", "--kernel", "rbf", "--eps", "0.61", "--json").stdout)
    assert fixed["verdict"] == "DECAYS" and set(fixed["sign"]) == {"decays"} and fixed["suggestion"] is None


def test_spectrum_files(tmp_path):
    import xarray

    nc, png = tmp_path / "s.nc", tmp_path / "s.png"
    assert wgflow("spectrum", "--kernel", "rbf", "--eps", "0.2", "--out", str(nc), "--plot", str(png)).returncode == 0
    data = xarray.load_dataset(nc, engine="h5netcdf")
    assert data.sizes == {"wavenumber": 25} and data.growth_rate.units == "1/time" and png.stat().st_size > 5000
    for name in ("s.svg", "s.pdf"):
        assert wgflow("spectrum", "--kernel", "rbf", "--plot", str(tmp_path / name)).returncode == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.nc", "s.pdf", "s.png", "s.svg"]  # nothing temporary is left


def test_kernels_lists_every_kernel():
    from wgflow.kernels.catalogue import CATALOGUE

    done = wgflow("kernels")
    assert done.returncode == 0 and all(f"{name} (" in done.stdout for name in CATALOGUE)
    assert r"\frac" in wgflow("kernels", "rq", "--latex").stdout
    assert len(json.loads(wgflow("kernels", "--json").stdout)["kernels"]) == len(CATALOGUE)


HOSTILE_NUMBERS = ["nan", "inf", "-inf", "1e1000000", "1e-1000000", "9" * 5000, "0x1", "1;2", "", "--", "1__0"]
RIGHT_NUMBERS = ["0", "-0", "+0", "-1", "5e-324", "1e308", "-1e308"]
HOSTILE_KERNELS = [
    "__import__('os').system('true')",
    "rbf.__class__",
    "lambda: 1",
    "9**9**9**9",
    "x" * 10_000,
    "rbf+" * 2500 + "rbf",
    "(" * 3000 + "rbf" + ")" * 3000,
    "rbf(" * 300,
    "rbf\nrbf",
    "rbf(1e-9999)",
    "",
]


@pytest.mark.parametrize(
    "arguments",
    [("--eps", value) for value in HOSTILE_NUMBERS]
    + [("--dim", value) for value in ["0", "-1", "2.5", "1000000000", "nan", "1e3", ""]]
    + [("--kernel", value) for value in HOSTILE_KERNELS]
    + [("--stabilizer", value) for value in HOSTILE_KERNELS]
    + [("--period", value) for value in ["0", "-1", "nan", "pi/0", "1e400", "2*e", "inf"]]
    + [("--band", value) for value in ["1", "2,1", "0,1", "1,inf", "1,2,3", "a,b", "-1,1"]]
    + [("--role", "judge"), ("--bogus", "1"), ("--eps",)],
    ids=lambda a: " ".join(a)[:40],
)
def test_wrong_input_is_one_line_and_exit_2(arguments):
    base = {"--kernel": "rbf", "--stabilizer": "elastic", "--eps": "0.7"}
    base.pop(arguments[0], None)
    done = wgflow("certify", *(x for pair in base.items() for x in pair), *arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("wgflow: ") and done.stderr.count("\n") == 1 and len(done.stderr) < 700
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("value", RIGHT_NUMBERS)
def test_extreme_numbers_get_the_right_verdict(value):
    done = wgflow("certify", "--kernel", "rbf", "--stabilizer", "elastic", "--eps", value, "--json")
    assert done.returncode == (0 if value == "1e308" else 1), done.stderr
    answer = json.loads(done.stdout)
    assert answer["verdict"] == ("DECAYS" if value == "1e308" else "GROWS")


@pytest.mark.parametrize("value", ["0", "-1", "nan", "1e999", "inf", "0.5,1"])
@pytest.mark.parametrize("option", ["--kmin", "--density", "--points"])
def test_wrong_grids(option, value):
    done = wgflow("spectrum", "--kernel", "rbf", option, value)
    assert done.returncode == 2 and done.stderr.count("\n") == 1


def test_wrong_file_endings_cost_nothing():
    assert wgflow("spectrum", "--kernel", "rbf", "--out", "x.txt").returncode == 2
    assert wgflow("spectrum", "--kernel", "rbf", "--plot", "x.gif").returncode == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("command", [CERTIFY, [*CERTIFY, "--json"], ["spectrum", "--kernel", "rbf"], ["kernels"]], ids=" ".join)
def test_a_full_disk_is_exit_4(command):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "wgflow", *command], stdout=full, stderr=subprocess.PIPE, text=True, env=ENV, timeout=60
        )
    assert done.returncode == 4 and "No space left" in done.stderr and "Traceback" not in done.stderr


def test_a_broken_pipe_is_exit_4():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "wgflow", *CERTIFY], stdout=write, stderr=subprocess.PIPE, text=True, env=ENV, timeout=60
    )
    os.close(write)
    assert done.returncode == 4 and "Traceback" not in done.stderr


def test_no_standard_output_is_exit_4():
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m wgflow {' '.join(CERTIFY)} >&-"],
        stderr=subprocess.PIPE,
        text=True,
        env=ENV,
        timeout=60,
    )
    assert done.returncode == 4


def test_unwritable_certificate_is_exit_4_and_keeps_the_old_one(tmp_path):
    done = wgflow(*CERTIFY, "--certificate", str(tmp_path / "no" / "proof.json"))
    assert done.returncode == 4 and done.stderr.count("\n") == 1
    assert wgflow("verify", str(tmp_path / "missing.json")).returncode == 2
    assert wgflow("verify", str(tmp_path)).returncode == 2


def test_a_crash_is_exit_4(monkeypatch, capsys):
    from wgflow.cli import main as cli
    from wgflow.stability import certify as module

    def broken(*_args, **_options):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(module, "certify_claim", broken)
    assert cli.main(CERTIFY) == 4
    assert "internal error, ZeroDivisionError: planted" in capsys.readouterr().err


def test_a_terminal_gets_a_plot():
    import pty

    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "wgflow", "spectrum", "--kernel", "rbf", "--eps", "0.2"], stdout=side, env={**ENV, "TERM": "xterm"}
    )
    os.close(side)
    out = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:
            break
        if not chunk:
            break
        out += chunk
    assert process.wait(timeout=60) == 0 and "growth rate over k" in out.decode()


def test_an_absent_package_is_named():
    """As where wgflow trains without python-flint, and a command then needs it."""
    blocked = "import sys; sys.modules['flint'] = None"
    code = f"{blocked}; from wgflow.cli.main import main; sys.exit(main(['certify', '--kernel', 'rbf']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 4 and done.stdout == ""
    assert done.stderr == "wgflow: this needs python-flint, which is not installed; pip install it\n"
