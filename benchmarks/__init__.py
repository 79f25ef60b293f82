"""Measures the hub against programs that do nothing but the work itself: `python -m benchmarks`, see README.md."""
