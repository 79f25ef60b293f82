"""Plugins as others publish them: each folder is a distribution, installed by pip and found by a real `hub`."""
