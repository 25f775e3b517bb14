"""Density flows on grids: pseudo-spectral, finite volumes, and steps that stay positive for any size."""
