"""The log for operators: one JSON object a line on stderr, from us and from the libraries, without secrets or messages.

Called once by each entry point. Everybody else asks `structlog.stdlib.get_logger(__name__)` or `logging`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from hub.kernel.redaction import redaction

_QUIET = ("apscheduler", "uvicorn", "httpx", "httpcore", "urllib3", "asyncio", "PIL", "websockets")
"""Libraries that tell at INFO what we tell ourselves, some of them with whole addresses."""

_TICKS = "apscheduler.scheduler"
"""Warns, twice a second on a busy machine, that a tick is still at work when the next is due, as it may be."""


def configure_logs(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send everything that is logged in this process through one formatter to stderr, or to a stream."""
    ours: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*ours, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=ours,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_TICKS).setLevel(logging.ERROR)
    logging.captureWarnings(True)


def redact(logger: Any, method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what must not be in a log; the last step before a line is written."""
    return {name: redaction.value(value, name=name) for name, value in fields.items()}
