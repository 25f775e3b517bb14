"""A training run: its settings, players, cycle and loop, what is kept of it and what comes of it."""
