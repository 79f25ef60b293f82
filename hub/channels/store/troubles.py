"""The three columns in which a row keeps its last error, of whatever table it is."""

from __future__ import annotations

from hub.channels.model import Trouble
from hub.kernel.database import Row

_REASON_MOST = 200

_DETAIL_MOST = 500


def trouble_of_row(row: Row) -> Trouble | None:
    """Map the three columns in which a row keeps its last error."""
    if row["error_code"] is None:
        return None
    return Trouble(code=row["error_code"], reason=row["error_reason"] or "", detail=row["error_detail"] or "")


def trouble_columns(trouble: Trouble | None) -> dict[str, object]:
    """The same three columns as parameters, cut to what is worth keeping."""
    return {
        "code": trouble.code if trouble else None,
        "reason": trouble.reason[:_REASON_MOST] if trouble else None,
        "detail": trouble.detail[:_DETAIL_MOST] if trouble else None,
    }
