"""Connecting an account on the network's own page: there and back, once, by the same session."""
