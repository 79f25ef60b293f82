"""What the vectors do when they work."""

from __future__ import annotations

RUN = "window.__xss=1"
"""The script of every vector: a page that shows the message asserts that it never ran."""

TRACKER = "https://tracker.example"
"""Where every remote load goes; replace it to count the hits."""
