"""Studies: many trainings, a few choices apart, each with several seeds; what they scored, in one table."""
