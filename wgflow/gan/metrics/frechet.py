"""The Frechet distance between the normal laws that have the samples' means and covariances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.record import record

Floats = NDArray[np.float64]


@record
class NormalFit:
    """A normal law: mean (d,), and a factor R (r, d) of its covariance R^T R, which may be singular."""

    mean: Floats
    factor: Floats


def normal_fit(samples: Floats) -> NormalFit:
    """Returns the law with the mean and the (unbiased) covariance of samples (N, d), N >= 2; raises InputError.

    The factor is that of a QR decomposition of the centred samples: squaring them first would cost half the digits.
    """
    x = np.asarray(samples, dtype=np.float64)
    if x.ndim != 2 or len(x) < 2 or not np.isfinite(x).all():
        raise InputError(f"the Frechet distance takes finite samples (N, d), N >= 2; got the shape {x.shape}.")
    mean = x.mean(axis=0)
    return NormalFit(mean, np.asarray(np.linalg.qr((x - mean) / np.sqrt(len(x) - 1), mode="r")))


def normal_law(mean: Floats, covariance: Floats) -> NormalFit:
    """Returns the law with a given mean (d,) and covariance (d, d); eigenvalues below 0 count as rounding, and as 0."""
    values, vectors = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
    return NormalFit(np.asarray(mean, dtype=np.float64), np.sqrt(np.maximum(values, 0))[:, None] * vectors.T)


def frechet_distance(p: NormalFit, q: NormalFit) -> float:
    """Returns |m_p - m_q|^2 + tr(S_p + S_q - 2 (S_p S_q)^(1/2)), which is W_2^2 between the two normal laws.

    Dowson and Landau 1982 (J. Multivariate Anal. 12), as used by Heusel et al. 2017. With S = R^T R the last trace is the
    sum of the singular values of R_p R_q^T, so that no matrix root is taken and singular covariances are as good as others.
    The value of N samples is biased up by a term of order 1/N: compare only values of equal N.

    >>> frechet_distance(normal_law(np.zeros(2), np.eye(2)), normal_law(np.array([3.0, 0.0]), 4 * np.eye(2)))
    11.0
    """
    shift = p.mean - q.mean
    mixed = np.linalg.svd(p.factor @ q.factor.T, compute_uv=False).sum()
    total = shift @ shift + (p.factor**2).sum() + (q.factor**2).sum() - 2 * mixed
    return max(float(total), 0.0)  # nonnegative but for rounding
