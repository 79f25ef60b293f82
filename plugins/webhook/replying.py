"""What is posted for a reply, and what the answer to it means as the instructions of hub.errors. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hub.connector import Outgoing, Receipt
from hub.errors import Ambiguous, ConnectorError, Gone, NotFound, RateLimited, Rejected, Unavailable
from hub.kernel.html import safe_link, text_of
from hub.kernel.http import retry_after

from .mapping import Mapper, Unmapped

if TYPE_CHECKING:
    from hub.kernel.http import Response

_PAUSE = timedelta(minutes=1)
_LONGEST_ID = 2000
_REFUSED: dict[int, tuple[type[ConnectorError], str]] = {
    401: (Rejected, "signature_refused"),
    403: (Rejected, "signature_refused"),
    404: (NotFound, "not_there"),
    410: (Gone, "takes_no_more"),
    413: (Rejected, "too_long"),
}


def content_of(outgoing: Outgoing, key: str) -> dict[str, Any]:
    """The body of a reply, frozen when it is planned; `id` is what the header webhook-id says as well."""
    target = outgoing.target
    return {
        "type": "reply",
        "data": {
            "id": key,
            "text": outgoing.text,
            "in_reply_to": target.remote_id,
            "thread": target.root_id,
            "link": target.permalink,
            "to": {"id": target.author.id, "name": target.author.name},
            "visibility": outgoing.visibility.value,
            "language": outgoing.language,
        },
    }


def encoded(body: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent, the same at every try."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def receipt_of(response: Response, mapper: Mapper, *, key: str, now: datetime) -> Receipt:
    """The proof that a reply was taken: under the id the answer gives it, else under ours."""
    try:
        told = json.loads(response.body)
        found, link = mapper.find("map_receipt_id", told), mapper.find("map_receipt_link", told)
    except (ValueError, RecursionError, Unmapped):
        found = link = None
    is_id = isinstance(found, str | int) and not isinstance(found, bool) and 0 < len(str(found)) <= _LONGEST_ID
    permalink = safe_link(link) if isinstance(link, str) else None
    return Receipt(remote_id=str(found) if is_id else key, at=now, permalink=permalink)


def refusal_of(response: Response, now: datetime) -> ConnectorError:
    """The error to raise for an answer that is not 2xx. A redirect is not followed: that would send it elsewhere."""
    status, said = response.status, text_of(response.body[:2000].decode("utf-8", "replace"))[:500]
    retry_at = retry_after(response.headers, now)
    if status == 429:
        return RateLimited("too_many_requests", detail=said, retry_at=retry_at or now + _PAUSE)
    if status == 503 and retry_at is not None:
        # It says when it can take it, so it has not.
        return Unavailable("down", detail=said, retry_at=retry_at)
    if status >= 500 or status == 408:
        return Ambiguous("server_error", detail=said)
    if status < 400:
        return Rejected("moved", detail=said)
    kind, reason = _REFUSED.get(status, (Rejected, "refused"))
    return kind(reason, detail=said)
