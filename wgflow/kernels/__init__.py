"""Kernels: families with exact parameters, and the algebra of their sums, multiples and stretches."""
