"""What a plugin's process prints, on its way to our log: line by line, without secrets, and not endlessly."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import BinaryIO

from hub.kernel.redaction import redaction

_LONGEST_LINE = 2000
_LINES_MOST = 200
_LINES_WITHIN = 60.0
_LEVELS = {name: logging.getLevelNamesMapping()[name] for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")}


def relay(stream: BinaryIO, plugin: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Log every line until the stream ends; of a flood the first lines of each minute, and how many were left out."""
    log = logging.getLogger(f"hub.plugin.{plugin}")
    began, lines = monotonic(), 0
    # A secret is not cut in two: what is read at once is longer than what is shown.
    while line := stream.readline(4 * _LONGEST_LINE):
        if monotonic() - began > _LINES_WITHIN:
            _log_left_out(log, lines)
            began, lines = monotonic(), 0
        lines += 1
        if lines <= _LINES_MOST:
            _log_line(log, line)
    _log_left_out(log, lines)


def _log_line(log: logging.Logger, line: bytes) -> None:
    text = redaction.text(line.decode("utf-8", "replace").rstrip())[:_LONGEST_LINE]
    level, _, rest = text.partition(" ")
    if level in _LEVELS:
        log.log(_LEVELS[level], "%s", rest)
    elif text:
        log.info("%s", text)


def _log_left_out(log: logging.Logger, lines: int) -> None:
    if lines > _LINES_MOST:
        log.warning("%s more lines were left out", lines - _LINES_MOST)
