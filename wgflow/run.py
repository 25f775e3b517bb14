"""Results as labelled datasets: the only maker of xarray Datasets, and how they are saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from wgflow.files import whole_file

Row = tuple[Sequence[object], str, str]  # values, unit, one sentence


def dataset(dimension: str, rows: Mapping[str, Row], provenance: Mapping[str, str]) -> xr.Dataset:
    """Returns rows of values over one dimension as a Dataset; the row named like the dimension is its coordinate.

    >>> d = dataset("wavenumber", {"wavenumber": ([1.0, 2.0], "1/length", "k"), "rate": ([3.0, 4.0], "1/time", "v'/v")}, {})
    >>> float(d.rate.sel(wavenumber=2)), d.rate.units
    (4.0, '1/time')
    """
    variables = {
        name: (dimension, np.asarray(values), {"units": unit, "long_name": sentence})
        for name, (values, unit, sentence) in rows.items()
    }
    coordinate = {dimension: variables.pop(dimension)}
    return xr.Dataset(variables, coordinate, dict(provenance))


def save(data: xr.Dataset, path: object) -> None:
    """Writes a dataset to a NetCDF file (HDF5), whole or not at all. Raises OSError."""
    with whole_file(path) as name:
        data.to_netcdf(name, engine="h5netcdf")


def load(path: object) -> xr.Dataset:
    """Returns the dataset of a file that `save` wrote, read completely."""
    with xr.open_dataset(str(path), engine="h5netcdf") as data:
        return data.load()
