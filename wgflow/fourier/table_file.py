"""Tables of a kernel in files: CSV or NetCDF with columns r and e."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from wgflow.arithmetic.number import InputError, shown
from wgflow.fourier.sampled import MOST_ROWS, Table

MOST_BYTES = 50_000_000


def read_table(path: object) -> Table:
    """Returns the table of a .csv file (columns r, e, named in a first row or not) or of a .nc file (variables r, e).

    Raises InputError (one line) for a file that holds no table, OSError where it cannot be read.
    """
    file = Path(str(path))
    if file.suffix.lower() not in (".csv", ".nc"):
        raise InputError(f"table {shown(path)} must end in .csv or .nc.")
    if file.stat().st_size > MOST_BYTES:
        raise InputError(f"table {shown(path)} has {file.stat().st_size} bytes; at most {MOST_BYTES} are read.")
    return _from_csv(file) if file.suffix.lower() == ".csv" else _from_netcdf(file)


def _from_csv(file: Path) -> Table:
    try:
        with open(file, encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines) if any(cell.strip() for cell in row) and not row[0].startswith("#")]
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"table {shown(file)} is not a text file of comma-separated numbers.") from None
    if not rows:
        raise InputError(f"table {shown(file)} is empty; it needs the columns r, e.")
    header = [cell.strip().lower() for cell in rows[0]]
    named = not all(is_number(cell) for cell in header)
    if named and not {"r", "e"} <= set(header):
        raise InputError(f"table {shown(file)} has the columns {shown(', '.join(header))}; it needs r and e.")
    first, second = (header.index("r"), header.index("e")) if named else (0, 1)
    body = rows[1:] if named else rows
    if len(body) > MOST_ROWS:
        raise InputError(f"table {shown(file)} has {len(body)} rows; at most {MOST_ROWS} are read.")
    r, e = [], []
    for number, row in enumerate(body, 1):
        if len(row) <= max(first, second) or not (is_number(row[first]) and is_number(row[second])):
            raise InputError(f"table {shown(file)}: row {number} has no two numbers: {shown(','.join(row), 40)}.")
        r.append(float(row[first]))
        e.append(float(row[second]))
    return Table.of(r, e)


def is_number(cell: str) -> bool:
    """Tells whether a cell of a table is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _from_netcdf(file: Path) -> Table:
    import xarray  # late: most tables are text

    try:
        with xarray.open_dataset(file, engine="h5netcdf") as data:
            columns: list[Any] = []
            for name in ("r", "e"):
                if name not in data.variables:
                    raise InputError(f"table {shown(file)} has no variable {name}; it needs r and e.")
                if data[name].size > MOST_ROWS:
                    raise InputError(f"table {shown(file)} has {data[name].size} rows; at most {MOST_ROWS} are read.")
                columns.append(data[name].values)
            return Table.of(*columns)
    except (OSError, ValueError, TypeError) as problem:
        if isinstance(problem, (InputError, FileNotFoundError, PermissionError)):
            raise
        raise InputError(f"table {shown(file)} is not a NetCDF file of numbers r and e.") from None
