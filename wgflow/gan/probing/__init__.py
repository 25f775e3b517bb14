"""What is watched while a network trains: the Fourier modes of its features, beside their predicted growth."""
