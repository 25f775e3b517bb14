"""Results as labelled datasets: the only maker of xarray Datasets, and how they are saved."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import numpy as np
import xarray as xr

from wgflow.files import write_whole

Row = tuple[object, str, str]  # values, unit, one sentence
Array = tuple[tuple[str, ...], object, str, str]  # dimensions, values, unit, one sentence


def dataset(dimension: str, rows: Mapping[str, Row], provenance: Mapping[str, str]) -> xr.Dataset:
    """Returns rows of values over one dimension as a Dataset; the row named like the dimension is its coordinate.

    >>> d = dataset("wavenumber", {"wavenumber": ([1.0, 2.0], "1/length", "k"), "rate": ([3.0, 4.0], "1/time", "v'/v")}, {})
    >>> float(d.rate.sel(wavenumber=2)), d.rate.units
    (4.0, '1/time')
    """
    return labelled({name: ((dimension,), *row) for name, row in rows.items()}, provenance)


def labelled(arrays: Mapping[str, Array], provenance: Mapping[str, str | float]) -> xr.Dataset:
    """Returns arrays with named dimensions as a Dataset; an array named like its only dimension is a coordinate.

    >>> d = labelled({"time": (("time",), [0.0, 1.0], "time", "t"), "x": (("time", "axis"), [[1.0], [2.0]], "length", "x")}, {})
    >>> d.x.sizes["axis"], list(d.coords)
    (1, ['time'])
    """
    variables = {
        name: (dimensions, np.asarray(values), {"units": unit, "long_name": sentence})
        for name, (dimensions, values, unit, sentence) in arrays.items()
    }
    coordinates = {name: variables[name] for name in variables if variables[name][0] == (name,)}
    rest = {name: variable for name, variable in variables.items() if name not in coordinates}
    return xr.Dataset(rest, coordinates, dict(provenance))


def save(data: xr.Dataset, path: object) -> None:
    """Writes a dataset to a NetCDF file (HDF5), whole or not at all. Raises OSError."""
    content = BytesIO()  # HDF5 fails badly on a full disk: it may end the process
    data.to_netcdf(content, engine="h5netcdf")
    write_whole(path, content.getbuffer())


def load(path: object) -> xr.Dataset:
    """Returns the dataset of a file that `save` wrote, read completely."""
    with xr.open_dataset(str(path), engine="h5netcdf") as data:
        return data.load()
