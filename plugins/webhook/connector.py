"""A system that posts to us and is posted to: signed in both directions by Standard Webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from hub.connector import (
    Accepted,
    Author,
    Check,
    Connector,
    Context,
    Delivery,
    Features,
    Limits,
    Measure,
    Outgoing,
    Page,
    Part,
    Plan,
    Receipt,
    Visibility,
)
from hub.errors import AddressRefused, Misconfigured, Rejected

from .settings import HEADER, WebhookSettings
from .signing import check_secret, check_signature, fingerprint, signed_headers

if TYPE_CHECKING:
    from .mapping import Mapper

__all__ = ["Webhook", "WebhookSettings"]

MOST_CHARACTERS = 20_000
_KEPT_HEADERS = ("content-type", "webhook-id")


class Webhook(Connector):
    """One system. What it posts is mapped to messages by expressions; replies are posted to it."""

    kind: ClassVar[str] = "webhook"
    label: ClassVar[str] = "Webhook"
    Settings: ClassVar[type[Any]] = WebhookSettings
    features: ClassVar[Features] = Features(
        send=True,
        threads=True,
        edits=True,
        deletes=True,
        visibilities=tuple(Visibility),
        webhook=True,
        only_delivered=True,
    )

    def __init__(self, settings: WebhookSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._mapper: Mapper | None = None

    def check(self) -> Check:
        """Check the expressions and the looks of the address for replies; nothing is posted for a test."""
        self._mapped()
        address = self.settings.reply_url
        if address:
            try:
                self.context.http.check_url(address)
            except Misconfigured as error:
                kind = AddressRefused if isinstance(error, AddressRefused) else Misconfigured
                raise kind(error.reason, detail=error.detail, field="reply_url") from error
        warnings = ("not_encrypted",) if address.startswith("http://") else ()
        return Check(
            # Whoever shares a secret is one system: connected twice, each could speak for the other.
            account=Author(id=fingerprint(self.settings.secrets[0]), is_us=True),
            title=urlsplit(address).hostname or "",
            limits={"characters": MOST_CHARACTERS},
            can_send=bool(address),
            warnings=warnings,
        )

    def receive(self, delivery: Delivery) -> Accepted:
        secrets, headers = self.settings.secrets, delivery.headers
        if self.settings.verification == HEADER:
            given = headers.get(self.settings.header.lower(), "")
            name = check_secret(secrets, given.removeprefix("Bearer "), delivery.body)
        else:
            name = check_signature(secrets, headers, delivery.body, now=delivery.received_at)
        return Accepted(id=name, headers={each: headers[each] for each in _KEPT_HEADERS if each in headers})

    def pull(self, cursor: str | None) -> Page:
        from .reading import page_of

        return page_of(self.context.deliveries(), self._mapped(), cursor)

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        used, limit = len(outgoing.text), limits.get("characters", MOST_CHARACTERS)
        errors = ["empty"] if not outgoing.text.strip() else ["too_long"] if used > limit else []
        return Measure(units={"characters": (used, limit)}, errors=tuple(errors))

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        """One part under the webhook-id `key`; repeatable where the receiver is said to know the id again."""
        from .replying import content_of

        if outgoing.visibility.is_wider_than(outgoing.target.visibility):
            raise Rejected("wider_audience")
        body, repeatable = content_of(outgoing, key), self.settings.repeats == "yes"
        return Plan(
            outgoing=outgoing, parts=(Part(text=outgoing.text, reserved=key, body=body, repeatable=repeatable),)
        )

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        from .replying import encoded, receipt_of, refusal_of

        if not self.settings.reply_url:
            raise Misconfigured("no_reply_address", field="reply_url")
        planned, now = plan.parts[part], self.context.clock()
        name, body = planned.reserved or "", encoded(planned.body)
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self._proof(name, body)}
        response = self.context.http.request("POST", self.settings.reply_url, headers=headers, body=body)
        if not 200 <= response.status < 300:
            raise refusal_of(response, now)
        return receipt_of(response, self._mapped(), key=name, now=now)

    def _proof(self, name: str, body: bytes) -> dict[str, str]:
        """What tells the receiver that it is us."""
        if self.settings.verification == HEADER:
            return {"webhook-id": name, self.settings.header: self.settings.secrets[0]}
        return signed_headers(self.settings.secrets, name, body, now=self.context.clock())

    def _mapped(self) -> Mapper:
        """The mapping; its library is loaded when it is needed, since `receive` has to be quick from the start."""
        if self._mapper is None:
            from .mapping import Mapper

            self._mapper = Mapper(self.settings)
        return self._mapper
