"""What is wrong with a connection, said at the setting where it can be mended; and what this server allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.connector import Check, Limits
from hub.errors import AuthExpired, ConnectorError, Misconfigured, ScopeMissing, Unavailable

from .composing import DESCRIPTION, GRAPHEMES, MASTODON_LIMITS, PER_URL, PICTURE_BYTES, PICTURES
from .mapping import MALFORMED, Me, domain_of, me_of
from .refusals import Refusal, read_refusal
from .server import Server, path_of

if TYPE_CHECKING:
    from hub.kernel.http import Response

_INSTANCE = ("/api/v2/instance", "/api/v1/instance")
_NAMES = ("domain", "uri", "title", "version")
_WRITING = frozenset({"write", "write:statuses"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A server that speaks the API, as it describes itself."""

    instance: Mapping[str, Any]

    @property
    def title(self) -> str:
        return str(self.instance.get("title") or self.instance.get("domain") or self.instance.get("uri") or "")

    @property
    def limits(self) -> Limits:
        return limits_of(self.instance)


def check(server: Server, tags: tuple[str, ...] = ()) -> Check:
    """Test address and token, and whether these hashtags can be read. Raises Misconfigured with the setting at fault,
    AuthExpired, Unavailable, RateLimited."""
    with _at("address"):
        found = find(server)
        answer = server.ask("GET", "/api/v1/accounts/verify_credentials", params={"lang": "en"})
    account = _account(server, answer)
    me = _me(account, found, server)
    hears = _hears(server)
    warnings = [] if hears else ["cannot_read_notifications"]
    held_back = _held_back(server) if hears else 0
    if held_back:
        warnings.append(f"notifications_held_back:{held_back}")
    waiting = _follow_requests(account)
    if waiting:
        warnings.append(f"follow_requests:{waiting}")
    if not _sees(server, me.id):
        warnings.append("cannot_read_posts")
    if tags and not _finds(server, tags):
        warnings.append("cannot_read_tags")
    if account.get("moved"):
        warnings.append("account_moved")
    if server.home.startswith("http://"):
        warnings.append("not_encrypted")
    can_send = _may_write(server)
    if not can_send:
        warnings.append("may_not_send")
    return Check(account=me.author, title=found.title, limits=found.limits, can_send=can_send, warnings=tuple(warnings))


def find(server: Server) -> Found:
    """Ask the server what it is; the token is shown only to one that shuts strangers out.

    Raises Misconfigured where there is no such API, Unavailable, RateLimited.
    """
    refusals: list[Refusal] = []
    for path in _INSTANCE:
        answer = server.ask_as_a_stranger(path)
        if answer.status in (401, 403) and read_refusal(answer).told:
            answer = server.ask("GET", path)
        if answer.status == 200:
            return Found(instance=_described(answer))
        if answer.status >= 500 or answer.status == 429:
            raise server.refusal(answer)
        refusals.append(read_refusal(answer))
    statuses = {refusal.status for refusal in refusals}
    if statuses & {401, 403}:
        raise Misconfigured("site_behind_login" if 401 in statuses else "blocked", field="address")
    raise Misconfigured("not_mastodon", field="address")


def limits_of(instance: Mapping[str, Any]) -> Limits:
    """How long a post may be here. Where the server tells no length of a link, links and mentions count in full."""
    configuration = instance.get("configuration")
    statuses = configuration.get("statuses") if isinstance(configuration, dict) else None
    told = statuses if isinstance(statuses, dict) else {}
    most = _number(told.get("max_characters")) or _number(instance.get("max_toot_chars"))
    per_url = _number(told.get("characters_reserved_per_url"))
    limits = {GRAPHEMES: most or MASTODON_LIMITS[GRAPHEMES]}
    media = configuration.get("media_attachments") if isinstance(configuration, dict) else None
    sizes = media if isinstance(media, dict) else {}
    others = {
        PER_URL: per_url,
        PICTURES: _number(told.get("max_media_attachments")),
        PICTURE_BYTES: _number(sizes.get("image_size_limit")),
        DESCRIPTION: _number(sizes.get("description_limit")),
    }
    return limits | {unit: limit for unit, limit in others.items() if limit}


def whoami(server: Server) -> Me:
    """Our account, when the settings were found to be right before. Raises the errors of hub.errors."""
    account = server.get("/api/v1/accounts/verify_credentials", {"lang": "en"})
    try:
        me = _me(account, find(server), server)
    except Misconfigured as error:
        # It was found once: an address that answers otherwise for a while is no mistake of the settings.
        raise Unavailable(error.reason, detail=error.detail) from error
    return me


def _described(answer: Response) -> Mapping[str, Any]:
    try:
        told = answer.json()
    except Unavailable:
        raise Misconfigured("not_json", field="address") from None
    if not isinstance(told, dict) or not any(name in told for name in _NAMES):
        raise Misconfigured("not_mastodon", field="address")
    return told


def _account(server: Server, answer: Response) -> Mapping[str, Any]:
    if answer.status == 200:
        try:
            account = answer.json()
        except Unavailable:
            raise Misconfigured("not_json", field="address") from None
        return account if isinstance(account, dict) else {}
    raise _refused(server, answer)


def _refused(server: Server, answer: Response) -> ConnectorError:
    refusal = read_refusal(answer)
    if not refusal.told and answer.status in (401, 403):
        return Misconfigured("site_behind_login" if answer.status == 401 else "blocked", field="address")
    if answer.status == 404:
        return Misconfigured("not_mastodon", field="address")
    error = server.refusal(answer)
    if isinstance(error, ScopeMissing):
        return Misconfigured("scope", detail=refusal.said, field="token")
    if refusal.word == "token_without_account" and answer.status != 401:
        return Misconfigured("token_without_account", detail=refusal.said, field="token")
    if isinstance(error, AuthExpired) and refusal.word in ("revoked", "suspended", "not_confirmed"):
        return AuthExpired(error.reason, detail=error.detail, field="token")
    if answer.status in (401, 403):
        return Misconfigured("wrong_token", detail=refusal.said, field="token")
    return error


def _me(account: Any, found: Found, server: Server) -> Me:
    try:
        return me_of(account, domain_of(account, found.instance, server.home))
    except MALFORMED:
        raise Misconfigured("not_mastodon", field="address") from None


def _hears(server: Server) -> bool:
    """Whether the token may read notifications; direct messages come as notifications, too."""
    answer = server.ask("GET", "/api/v1/notifications", params={"limit": 1, "lang": "en"})
    return not (answer.status in (401, 403) and read_refusal(answer).told)


def _sees(server: Server, id: str) -> bool:
    """Whether the token may read posts: threads, edits, deletions and our own answers from elsewhere."""
    answer = server.ask("GET", path_of("accounts", id, "statuses"), params={"limit": 1, "lang": "en"})
    return not (answer.status in (401, 403) and read_refusal(answer).told)


def _finds(server: Server, tags: tuple[str, ...]) -> bool:
    """Whether what is said under hashtags may be read: a server can keep that to itself."""
    answer = server.ask("GET", path_of("timelines/tag", tags[0]), params={"limit": 1, "lang": "en"})
    return not 400 <= answer.status < 500 or answer.status == 429


def _follow_requests(account: Mapping[str, Any]) -> int:
    """How many wait to be let in as followers, as far as the server tells with the account itself."""
    source = account.get("source")
    told = source.get("follow_requests_count") if isinstance(source, dict) else None
    return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else 0


def _held_back(server: Server) -> int:
    """How many notifications the server keeps to itself that it does not tell us even when we ask for them."""
    asked = {"limit": 1, "lang": "en", "include_filtered": "true"}
    if server.ask("GET", "/api/v1/notifications", params=asked).status not in (400, 422):
        return 0
    answer = server.ask("GET", "/api/v2/notifications/policy")
    try:
        told = answer.json() if answer.status == 200 else {}
        return max(0, int(told["summary"]["pending_notifications_count"]))
    except (Unavailable, *MALFORMED):
        return 0


def _may_write(server: Server) -> bool:
    """Whether the app may post, as far as the server tells: only newer ones do."""
    answer = server.ask("GET", "/api/v1/apps/verify_credentials")
    try:
        scopes = answer.json().get("scopes") if answer.status == 200 else None
    except (Unavailable, AttributeError):
        return True
    return not isinstance(scopes, list) or not scopes or bool(_WRITING & set(map(str, scopes)))


@contextmanager
def _at(field: str) -> Iterator[None]:
    try:
        yield
    except Misconfigured as error:
        wrong = "token" if error.reason == "header" else field
        raise type(error)(error.reason, detail=error.detail, field=error.field or wrong) from error


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
