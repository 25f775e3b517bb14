"""Results as labelled datasets: the only maker of xarray Datasets, and how they are saved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from wgflow.files import whole_file

if TYPE_CHECKING:
    from wgflow.stability.rates import Spectrum


def spectrum_dataset(found: Spectrum) -> xr.Dataset:
    """Returns a spectrum as a Dataset: dimension ``wavenumber``; every variable has a unit and a sentence."""

    def row(values: object, unit: str, sentence: str) -> tuple[str, np.ndarray, dict[str, str]]:
        return "wavenumber", np.asarray(values), {"units": unit, "long_name": sentence}

    n = found.claim.dim
    dataset = xr.Dataset(
        data_vars={
            "transform": row(found.transform, f"length^{n}", "Fourier transform of the stabilized kernel e - eps s"),
            "transform_error": row(found.error, f"length^{n}", "proved bound of the error of transform"),
            "growth_rate": row(found.rate, "1/time", "role * density * k^2 * transform: growth rate of the mode"),
            "sign": row(found.sign, "1", "proved behaviour of the mode: decays, grows, neutral or undecided"),
        },
        coords={"wavenumber": row(found.wavenumber, "1/length", "wavenumber k of the mode")},
    )
    answer = found.certificate.to_json()
    dataset.attrs = {
        "title": "Growth rates of Fourier modes about a constant density",
        "schema": "wgflow.spectrum/1",
        "claim": json.dumps(answer["claim"]),
        "density": str(found.density),
        "verdict": str(answer["verdict"]),
        "growing_bands": json.dumps(answer["growing_bands"]),
        "feasible_eps": json.dumps(answer["feasible_eps"]),
        "suggestion": found.suggestion or "",
        "versions": json.dumps(found.certificate.versions),
    }
    return dataset


def save(dataset: xr.Dataset, path: object) -> None:
    """Writes a dataset to a NetCDF file (HDF5), whole or not at all. Raises OSError."""
    with whole_file(path) as name:
        dataset.to_netcdf(name, engine="h5netcdf")


def load(path: object) -> xr.Dataset:
    """Returns the dataset of a file that `save` wrote, read completely."""
    with xr.open_dataset(str(path), engine="h5netcdf") as dataset:
        return dataset.load()
