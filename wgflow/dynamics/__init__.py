"""Particle and density flows. Numba and the fast sums live here and nowhere else."""
