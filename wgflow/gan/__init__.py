"""Real GANs beside the prediction: losses, networks, a trainer, and what is measured while they train. Torch lives here only."""
