"""Particle distances as losses: values and gradients of all pairs, in float64, on any device."""
