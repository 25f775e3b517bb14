"""Fourier transforms of kernels in R^n: closed forms, enclosures, behaviour at both ends, numbers and symbols."""
