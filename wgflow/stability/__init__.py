"""Which modes grow: rates, proofs of sign, the interval of feasible eps, certificates and their independent check."""
