"""How good generated samples are: modes of mixtures, distances between samples, and the same in a named feature space."""
