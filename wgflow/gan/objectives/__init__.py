"""The objectives: particle distances, plain and stabilized, and the losses of other authors to compare them with."""
