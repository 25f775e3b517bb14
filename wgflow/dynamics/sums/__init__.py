"""Sums of a kernel over particles: direct, sorted, by Fourier modes, sliced. Numba lives here."""
