"""Runs of particles: where they start, how they move, what is measured and kept of them."""
