"""What an exit code of `hub` says; docs/operations.md has the same table for operators."""

from __future__ import annotations

from enum import IntEnum

from hub import errors


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_CONFIGURED = 3
    OUT_OF_ORDER = 4
    TEMPORARY = 5


_MEANING: tuple[tuple[tuple[type[errors.HubError], ...], Exit], ...] = (
    ((errors.Invalid, errors.Absent, errors.Conflict), Exit.USAGE),
    ((errors.AuthExpired, errors.ScopeMissing, errors.Misconfigured, errors.Budget), Exit.NOT_CONFIGURED),
    ((errors.OutOfOrder,), Exit.OUT_OF_ORDER),
    ((errors.Unavailable, errors.RateLimited, errors.TooMany, errors.Ambiguous, errors.LeaseLost), Exit.TEMPORARY),
)


def exit_for(error: errors.HubError) -> Exit:
    """The code with which a command ends that failed by this error."""
    return next((code for kinds, code in _MEANING if isinstance(error, kinds)), Exit.FAILED)
