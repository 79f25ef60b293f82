"""Every error of Hubbub, as an instruction to whoever catches it.

HubError                         carries a code and parameters; worded for people at the border (kernel/texts)
├── ConnectorError               what a connector tells the engine to do
│   ├── AuthExpired              pause the channel and ask a person to sign in again; never retried
│   ├── ScopeMissing             switch that feature off; the channel stays up
│   ├── RateLimited              wait until retry_at; counts against no retry budget
│   ├── Unavailable              try again later, with growing pauses; surely nothing was sent
│   ├── Ambiguous                it may have been sent: reconcile before anything else, never resend blindly
│   ├── AlreadySent              success: the receipt is inside
│   ├── Rejected                 give up on this one, show the reason, keep the text
│   ├── NotFound                 the target is missing now
│   ├── Gone                     the target is missing for ever
│   ├── Budget                   a paid limit is reached: stop until a person raises it
│   └── Misconfigured            the settings are wrong: show it at that field
│       └── AddressRefused       the address is not a public one (kernel/http)
├── PluginFault                  a bug, hang or death of a plugin: counted, backed off, its own channels only
├── LeaseLost                    another worker owns this now: drop the work, write nothing
├── Invalid                      bad input of a person or a program: say it at that field
├── Absent                       not there, or not for this person: both look the same (404)
├── Conflict                     it changed meanwhile: show what is new
├── TooMany                      slow down: try again after retry_after seconds
└── OutOfOrder                   this installation cannot work: say what to do and stop
    ├── DatabaseUnusable         locked, damaged, newer than the code, or not reachable
    ├── StorageFull              no space, or a read-only folder
    └── KeyLost                  secrets cannot be read with the key that is there
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from hub.connector import Receipt


class HubError(Exception):
    """The root: `code` names the error for people's texts and for programs, `params` fills the text."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str = "", **params: str | int | float | None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.params = params


class ConnectorError(HubError):
    """What went wrong at a network, told so that the engine knows what to do.

    reason: a short machine word (`too_long`, `duplicate`, `closed`), worded at the border.
    detail: the network's own words, without secrets; shown to people as a quotation.
    retry_at: when it may work again, aware UTC; None where the network did not say.
    field: the setting at fault.
    """

    code = "connector"

    def __init__(
        self, reason: str = "", *, detail: str = "", retry_at: datetime | None = None, field: str | None = None
    ) -> None:
        super().__init__(detail or reason, reason=reason)
        self.reason = reason
        self.detail = detail
        self.retry_at = retry_at
        self.field = field


class AuthExpired(ConnectorError):
    code = "auth_expired"


class ScopeMissing(ConnectorError):
    code = "scope_missing"


class RateLimited(ConnectorError):
    code = "rate_limited"


class Unavailable(ConnectorError):
    code = "unavailable"


class Ambiguous(ConnectorError):
    code = "ambiguous"


class AlreadySent(ConnectorError):
    """The network has it already; `receipt` is its proof."""

    code = "already_sent"

    def __init__(self, receipt: Receipt) -> None:
        super().__init__("already_sent")
        self.receipt = receipt


class Rejected(ConnectorError):
    code = "rejected"


class NotFound(ConnectorError):
    code = "not_found"


class Gone(ConnectorError):
    code = "gone"


class Budget(ConnectorError):
    code = "budget"


class Misconfigured(ConnectorError):
    code = "misconfigured"


class AddressRefused(Misconfigured):
    code = "address_refused"


class PluginFault(HubError):
    code = "plugin_fault"


class LeaseLost(HubError):
    code = "lease_lost"


class Invalid(HubError):
    """Bad input: `field` is where the person is, `reason` a machine word for the text."""

    code = "invalid"

    def __init__(self, field: str, reason: str, **params: str | int | float | None) -> None:
        super().__init__(f"{field}: {reason}", field=field, reason=reason, **params)
        self.field = field
        self.reason = reason


class Absent(HubError):
    code = "absent"


class Conflict(HubError):
    code = "conflict"


class TooMany(HubError):
    """Too many tries; `retry_after` in seconds."""

    code = "too_many"

    def __init__(self, retry_after: float) -> None:
        super().__init__("too_many", retry_after=retry_after)
        self.retry_after = retry_after


class OutOfOrder(HubError):
    code = "out_of_order"


class DatabaseUnusable(OutOfOrder):
    """`reason`: locked, damaged, archive_damaged, newer, unreachable, not_prepared, no_driver."""

    code = "database_unusable"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail, reason=reason)
        self.reason = reason


class StorageFull(OutOfOrder):
    """`reason`: full, read_only."""

    code = "storage_full"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail, reason=reason)
        self.reason = reason


class KeyLost(OutOfOrder):
    code = "key_lost"
