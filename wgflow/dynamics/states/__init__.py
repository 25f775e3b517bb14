"""Modes of the flow linearized about states that are not constant."""
