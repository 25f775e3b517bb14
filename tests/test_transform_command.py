"""`wgflow transform` as a user (and a hostile one) meets it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import wgflow as wg
from wgflow.cli.main import main

ENV = {**os.environ, "MPLBACKEND": "Agg", "COLUMNS": "120"}


def wgflow(*arguments):
    command = [sys.executable, "-m", "wgflow", "transform", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=ENV)


def answer(capsys, *arguments):
    assert main(["transform", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_expression(capsys):
    found = answer(capsys, "--kernel", "exp(-r**4)", "--dim", "1", "--k", "0.001,1,1e4")
    keys = ["schema", "kernel", "dim", "method", "reason", "wavenumber", "transform", "error", "remark"]
    assert list(found) == keys and found["schema"] == "wgflow.transform/1" and found["method"] == "numeric"
    assert abs(found["transform"][0] - 1.8128049541109541) < 1e-6  # 2 Gamma(5/4)
    assert found["remark"] == ["", "", "below noise"]


def test_methods_agree(capsys):
    command = ("--kernel", "exp(-r**4) + 1/3*rbf", "--dim", "3", "--k", "0.1,2")
    numeric, rigorous = (answer(capsys, *command, "--method", method) for method in ("numeric", "rigorous"))
    for a, b, e, d in zip(numeric["transform"], rigorous["transform"], numeric["error"], rigorous["error"], strict=True):
        assert abs(a - b) <= e + d < 1e-12
    command = ("--kernel", "rq(1/2) - 1/5*laplace", "--dim", "2", "--points", "9")
    found = {method: answer(capsys, *command, "--method", method) for method in ("auto", "closed", "numeric")}
    assert found["auto"]["method"] == "closed" and found["auto"]["transform"] == found["closed"]["transform"]
    for a, b, e in zip(found["numeric"]["transform"], found["closed"]["transform"], found["numeric"]["error"], strict=True):
        assert abs(a - b) <= e + 1e-15 * abs(b)


def test_text_and_files(tmp_path):
    import xarray

    nc, png = tmp_path / "f.nc", tmp_path / "f.png"
    done = wgflow("--kernel", "sech(r)", "--dim", "1", "--points", "7", "--out", str(nc), "--plot", str(png))
    assert done.returncode == 0 and done.stderr == "" and "numeric: sech(r) has no closed form" in done.stdout
    data = xarray.load_dataset(nc, engine="h5netcdf")
    assert data.sizes == {"wavenumber": 7} and data.transform.units == "length^1" and png.stat().st_size > 5000
    exact = np.pi / np.cosh(np.pi / 2 * data.wavenumber)
    assert np.all(np.abs(data.transform - exact) <= data.transform_error + 1e-14 * exact)


def test_not_resolved_is_null_in_json(capsys):
    found = answer(capsys, "--kernel", "1/(3+cos(r))/(1+r**2)", "--dim", "1", "--k", "1")
    assert found["remark"] == ["not resolved"] and found["transform"] == [None] and found["error"] == [None]


def test_the_record():
    found = wg.transformed("sech(r)", [1.0, 2.0], dim=1)
    assert "<table>" in found._repr_html_() and "sech(r)" in str(found) and found == wg.transformed("sech(r)", [1.0, 2.0], 1)
    assert found.plot().get_xlabel().startswith("wavenumber")


def test_symbolic(capsys):
    assert main(["transform", "--kernel", "rbf", "--dim", "1", "--symbolic", "--latex"]) == 0
    assert "\\pi" in capsys.readouterr().out


@pytest.fixture
def table(tmp_path):
    r = np.linspace(0, 12, 400)
    path = tmp_path / "kernel.csv"
    np.savetxt(path, np.c_[r, np.exp(-r * r / 2)], delimiter=",", header="r,e", comments="")
    return path


def test_a_table(capsys, table, tmp_path):
    import xarray

    found = answer(capsys, "--table", str(table), "--dim", "2", "--k", "0.1,1,3")
    exact = 2 * np.pi * np.exp(-(np.array([0.1, 1, 3]) ** 2) / 2)
    assert np.all(np.abs(np.array(found["transform"]) - exact) <= found["error"]) and max(found["error"]) < 1e-6
    columns = np.loadtxt(table, delimiter=",", skiprows=1)
    xarray.Dataset({"r": ("row", columns[:, 0]), "e": ("row", columns[:, 1])}).to_netcdf(tmp_path / "k.nc", engine="h5netcdf")
    again = answer(capsys, "--table", str(tmp_path / "k.nc"), "--dim", "2", "--k", "0.1,1,3")
    assert np.allclose(again["transform"], found["transform"], rtol=1e-12)


ROWS = [f"{i},{2.0**-i}" for i in range(10)]
HOSTILE = {
    "empty": "",
    "header only": "r,e",
    "one row": "r,e\n0,1",
    "missing column": "\n".join(["r,f", *ROWS]),
    "one column": "\n".join(str(i) for i in range(10)),
    "NaN": "\n".join([*ROWS, "11,nan"]),
    "infinity": "\n".join([*ROWS, "inf,1"]),
    "unsorted": "\n".join([*ROWS, "1,1"]),
    "equal": "\n".join([*ROWS, "9,1"]),
    "negative": "\n".join(["-1,1", *ROWS]),
    "words": "\n".join([*ROWS, "__import__('os'),1"]),
    "short row": "\n".join([*ROWS, "12"]),
    "too many rows": "\n".join(f"{i},0" for i in range(200_002)),
    "binary": "\x00\x01\x02\n\x03",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_tables(capsys, tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_text(content)
    assert main(["transform", "--table", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("wgflow: ") and error.count("\n") == 1


def test_hostile_files(capsys, tmp_path):
    (tmp_path / "t.nc").write_bytes(b"no netcdf")
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\xfa" * 50)
    with open(tmp_path / "big.csv", "wb") as file:
        file.truncate(60_000_000)
    for name, code in (("t.nc", 2), ("t.csv", 2), ("big.csv", 2), ("t.txt", 2), ("absent.csv", 4)):
        assert main(["transform", "--table", str(tmp_path / name)]) == code
        assert capsys.readouterr().err.count("\n") == 1


WRONG = [
    [],
    ["--kernel", "rbf", "--table", "x.csv"],
    ["--kernel", "exp(-r**4)", "--method", "closed"],
    ["--kernel", "rbf", "--method", "guess"],
    ["--kernel", "rbf", "--k", "1,,2"],
    ["--kernel", "rbf", "--k", "0"],
    ["--kernel", "rbf", "--k", "-1"],
    ["--kernel", "rbf", "--k", "1", "--kmin", "1"],
    ["--kernel", "rbf", "--kmin", "2", "--kmax", "1"],
    ["--kernel", "rbf", "--points", "1000000"],
    ["--kernel", "rbf", "--dim", "0"],
    ["--kernel", "exp(r)", "--dim", "1"],
    ["--kernel", "exp(-r)/r**2", "--dim", "2"],
    ["--kernel", "1/(1+r**4)", "--method", "rigorous", "--k", "1", "--dim", "2000000"],
    ["--kernel", "rbf", "--latex"],
    ["--kernel", "rbf", "--out", "f.txt"],
    ["--kernel", "rbf", "--plot", "f.txt"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_input_is_one_line(capsys, arguments):
    assert main(["transform", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("wgflow: ") and error.count("\n") == 1
