"""Flows of quantile functions on the line, exact where the energy distance makes them explicit."""
