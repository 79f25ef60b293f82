"""A hand-written server of Mastodon's API on loopback: just enough of it, in every dialect, and it fails on order.

Its behaviour is copied from Mastodon's documentation and code (paging by id, Idempotency-Key, errors); tests/peers has
an emulator, and answers that real servers gave.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import format_datetime
from functools import partial
from html import escape
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from hub.connector import Visibility
from hub.kernel.clock import Clock
from hub.testing.clock import START, FrozenClock
from hub.testing.server import Answer, Arrival, Fault
from tests.plugins.served import ServedNetwork

TOKEN = "token-of-brightwater"
ME, LENA, TOM = "1", "7", "8"
NETWORK_WORDS = {
    Visibility.PUBLIC: "public",
    Visibility.UNLISTED: "unlisted",
    Visibility.FOLLOWERS: "private",
    Visibility.DIRECT: "direct",
}
SAID_BACK = {word: visibility for visibility, word in NETWORK_WORDS.items()}
PEOPLE = {ME: ("brightwater", "Brightwater"), LENA: ("lena@chaos.example", "Lena Brandt"), TOM: ("tom", "Tom")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A reply that arrived: its words without the names in front, and everything as it was posted."""

    text: str
    visibility: Visibility
    body: Mapping[str, Any]
    key: str
    warning: str = ""
    quotes: bool = False
    pictures: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a server differs from a current Mastodon."""

    ids: str = "numbers"
    keys: bool = True
    filtered: bool = True
    types: bool = True
    many: bool = True
    bad_request: int = 422
    min_id: str = "exclusive"
    uris: bool = True
    reset: str = "iso"
    instance: int = 2
    per_url: int | None = 23
    pkce: bool = True
    fine_scopes: bool = True
    media: str = "ready"
    stream: str = "user/notification"
    quotes: bool = True


class FakeMastodon(ServedNetwork):
    """One server with our account on it. `fails` scripts the next answers; `statuses` is what is stored."""

    page_size: ClassVar[int] = 80
    rate_limits: ClassVar[Sequence[str]] = ("rate_limit_iso", "rate_limit_epoch", "rate_limit_after", "rate_limit_none")

    def __init__(self, dialect: Dialect | None = None, clock: Clock | None = None) -> None:
        self.dialect = dialect or Dialect()
        self.clock: Clock = clock or FrozenClock()
        super().__init__()
        self.statuses: dict[str, dict[str, Any]] = {}
        self.notifications: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        self.token = TOKEN
        self.scopes = ["read", "write"]
        self.refused_scopes: set[str] = set()
        self.account: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self.most = 500
        self.apps: dict[str, dict[str, str]] = {}
        self.taken: list[tuple[str, str]] = []
        self.media: dict[str, dict[str, Any]] = {}
        self.direct: list[str] = []
        self.denied: set[str] = set()
        self._sources: dict[str, str] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._posted: list[Posted] = []
        self._keys: dict[str, str] = {}
        self._closed: set[str] = set()
        self._garbled: set[str] = set()
        self._estranged: set[str] = set()
        self._count = 0
        self._edits = 0
        self._pulls: deque[str] = deque()
        self._sends: deque[str] = deque()
        self._refusals: dict[tuple[str, str], deque[Answer]] = {}
        self.server.on("*", "/*").runs(self._answer)

    def signs_out(self) -> None:
        self.token = "another"

    # --- what happens there -----------------------------------------------------------------------------------------

    def says(
        self,
        text: str,
        *,
        parent: str | None = None,
        at: datetime | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        html: str | None = None,
    ) -> str:
        return self.writes(LENA, text, parent=parent, at=at, visibility=visibility, html=html, heard_as="mention")

    def writes(
        self,
        who: str,
        text: str,
        *,
        parent: str | None = None,
        at: datetime | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        html: str | None = None,
        heard_as: str | None = None,
        naming: Iterable[str] = (),
        **fields: Any,
    ) -> str:
        """Somebody posts; `heard_as` is the notification we get of it, and mentions us when it is a mention."""
        id = self._next_id()
        named = [*([ME] if heard_as == "mention" else []), *naming]
        above = self.statuses.get(parent or "")
        self.statuses[id] = {
            "id": id,
            "uri": f"{self.url}/users/{who}/statuses/{id}",
            "url": f"{self.url}/@{who}/{id}",
            "account": self.person(who),
            "content": html if html is not None else f"<p>{escape(text, quote=False)}</p>",
            "created_at": _written(at or self.clock()),
            "edited_at": None,
            "in_reply_to_id": parent,
            "in_reply_to_account_id": above["account"]["id"] if above else None,
            "visibility": NETWORK_WORDS[visibility],
            "spoiler_text": "",
            "language": "en",
            "media_attachments": [],
            "mentions": [self._mention(each) for each in named],
            "reblog": None,
            "poll": None,
            "card": None,
            **fields,
        }
        if heard_as is not None:
            self.notifies(heard_as, id)
        return id

    def notifies(self, kind: str, id: str | None) -> str:
        """We get a notification of a status, or of none."""
        number = self._next_id()
        about = self.statuses.get(id or "")
        self.notifications[number] = {
            "id": number,
            "type": kind,
            "created_at": _written(self.clock()),
            "account": about["account"] if about else self.person(LENA),
            "status": id,
        }
        return number

    def edits(self, id: str, text: str) -> None:
        self._edits += 1
        edited_at = self.clock() + timedelta(milliseconds=self._edits)
        self.statuses[id] |= {"content": f"<p>{escape(text, quote=False)}</p>", "edited_at": _written(edited_at)}

    def deletes(self, id: str) -> None:
        del self.statuses[id]
        self.notifications = {
            number: told for number, told in self.notifications.items() if told["status"] != id or not told["status"]
        }

    def closes(self, id: str) -> None:
        self._closed.add(id)

    def garbles(self, id: str) -> None:
        self._garbled.add(id)

    def estranges(self, id: str) -> None:
        self._estranged.add(id)

    def native_reply(self, parent: str, text: str) -> str:
        return self.writes(ME, text, parent=parent)

    def arrivals(self) -> Sequence[Posted]:
        return self._posted

    def person(self, who: str) -> dict[str, Any]:
        acct, name = PEOPLE[who]
        person: dict[str, Any] = {
            "id": who,
            "username": acct.partition("@")[0],
            "acct": acct,
            "display_name": name,
            "url": f"{self.url}/@{acct}",
            "avatar_static": f"{self.url}/avatars/{who}.png",
            "bot": False,
        }
        return person | ({"uri": f"{self.url}/users/{who}"} if self.dialect.uris else {})

    def allows(self, url: str) -> dict[str, str]:
        """A person opens the page of a sign-in and allows it; returns what they are sent back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        app = self.apps[asked["client_id"]]
        assert (asked["redirect_uri"], asked["scope"]) == (app["redirect_uris"], app["scopes"])
        assert ("code_challenge" in asked) == self.dialect.pkce
        code = f"code-{len(self._codes) + 1}"
        self._codes[code] = asked
        return {"code": code}

    def shows(self, code: str, *, redirect_uri: str, scope: str) -> None:
        """Somebody who allowed it is shown a code, to type it where they came from."""
        self._codes[code] = {"redirect_uri": redirect_uri, "scope": scope}

    # --- what goes wrong --------------------------------------------------------------------------------------------

    def fails(self, *, next_sends: Iterable[str] = (), next_pulls: Iterable[str] = ()) -> None:
        self._sends.extend(next_sends)
        self._pulls.extend(next_pulls)

    def refuses(self, method: str, path: str, status: int, error: str = "", **headers: str) -> None:
        """Answer the next request of this method and path with an error of the API; without words, with a page."""
        answer = _error(status, error, **headers) if error else _page(status)
        self._refusals.setdefault((method, path), deque()).append(answer)

    # --- the API ----------------------------------------------------------------------------------------------------

    def _answer(self, arrival: Arrival) -> Answer:
        script = self._refusals.get((arrival.method, arrival.path))
        if script:
            return script.popleft()
        proceed = partial(self._routed, arrival)
        is_post = (arrival.method, arrival.path) == ("POST", "/api/v1/statuses")
        is_look = arrival.method == "GET" and arrival.path.count("/") == 4 and "/statuses/" in arrival.path
        if self._sends and (is_post or (is_look and self._sends[0] == "down")):
            return self._fault(self._sends.popleft(), proceed)
        if self._pulls and arrival.path == "/api/v1/notifications":
            return self._fault(self._pulls.popleft(), proceed)
        return proceed()

    def _fault(self, word: str, proceed: Callable[[], Answer]) -> Answer:
        if word == "down":
            return _page(503)
        if word == "drop":
            proceed()
            return Answer(fault=Fault.DROP)
        until = START + timedelta(seconds=200)
        headers = {
            "rate_limit_iso": {"X_RateLimit_Reset": _written(until)},
            "rate_limit_epoch": {"X_RateLimit_Reset": str(int(until.timestamp()))},
            "rate_limit_after": {"Retry_After": "200"},
            "rate_limit_none": {},
        }
        return _error(429, "Too many requests", **headers[word])

    def _routed(self, arrival: Arrival) -> Answer:
        path = [unquote(step) for step in arrival.path.split("/")[1:]]
        if arrival.path == "/.well-known/oauth-authorization-server":
            methods = {"code_challenge_methods_supported": ["S256"]}
            return self._json(methods) if self.dialect.pkce else _error(404, "Not found")
        if arrival.path == "/oauth/token":
            return self._token(_form_of(arrival))
        if (arrival.method, path[2:]) == ("POST", ["apps"]):
            return self._registered(_form_of(arrival))
        if path[2:] == ["instance"]:
            return self._instance(path[1])
        if arrival.path == f"/api/v1/streaming/{self.dialect.stream}":
            return Answer(headers={"Content-Type": "text/event-stream"}, body=b":)\n\n:thump\n\n")
        if arrival.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "The access token is invalid")
        if "statuses" in self.refused_scopes and arrival.method == "GET" and "statuses" in path:
            return _error(403, "This action is outside the authorized scopes")
        match arrival.method, path[2:]:
            case "GET", ["accounts", "verify_credentials"]:
                return self._json(self.person(ME) | {"source": {}} | self.account)
            case "GET", ["apps", "verify_credentials"]:
                return self._json({"name": "Hubbub", "scopes": self.scopes})
            case "GET", ["notifications"]:
                return self._heard(arrival)
            case "GET", ["accounts", _, "statuses"]:
                ours = {id: told for id, told in self.statuses.items() if told["account"]["id"] == path[3]}
                return self._paged(ours, arrival)
            case "GET", ["timelines", "tag", tag]:
                wanted = {tag, *parse_qs(arrival.query).get("any[]", [])}
                told = {id: each for id, each in self.statuses.items() if wanted & {*each.get("hashtags", ())}}
                return self._paged(told, arrival)
            case "GET", ["statuses"]:
                return self._looked_up(arrival)
            case "GET", ["conversations"]:
                told = [{"id": f"c{id}", "last_status": self._status(id)} for id in self.direct if id in self.statuses]
                return self._json(told)
            case "GET", ["notifications", "policy"]:
                return self._json({"summary": {"pending_notifications_count": len(self.hidden)}})
            case "POST", ["media"]:
                return self._handed_over(path[1], arrival)
            case "GET", ["media", id]:
                return self._picture(id)
            case "POST", ["statuses"]:
                return self._created(arrival)
            case _, ["statuses", id, *rest]:
                return self._one(arrival, id, rest)
        return _error(404, "Record not found")

    def _registered(self, form: dict[str, str]) -> Answer:
        if ":" in form["scopes"] and not self.dialect.fine_scopes:
            return _error(self.dialect.bad_request, "Validation failed: Scopes doesn't match configured on the server.")
        id = f"app-{len(self.apps) + 1}"
        self.apps[id] = {**form, "secret": f"secret-of-{id}"}
        return self._json({"client_id": id, "client_secret": f"secret-of-{id}", "name": form["client_name"]})

    def _token(self, form: dict[str, str]) -> Answer:
        app = self.apps.get(form["client_id"])
        if app is None or app["secret"] != form["client_secret"]:
            return _error(401, "invalid_client")
        if form["grant_type"] == "client_credentials":
            return self._json({"access_token": "of the app alone"})
        asked = self._codes.pop(form["code"], None)
        if asked is None or asked["redirect_uri"] != form["redirect_uri"] or asked["scope"] != form["scope"]:
            return _error(400, "invalid_grant")
        if self.dialect.pkce:
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return self._json({"access_token": self.token, "token_type": "Bearer", "scope": form["scope"]})

    def _instance(self, version: str) -> Answer:
        statuses: dict[str, Any] = {"max_characters": self.most}
        if self.dialect.per_url:
            statuses["characters_reserved_per_url"] = self.dialect.per_url
        if self.dialect.instance == 1:
            told = {"uri": "home.example", "title": "Home", "version": "2.7.2", "max_toot_chars": self.most}
            return self._json(told) if version == "v1" else _error(404, "Not found")
        statuses["max_media_attachments"] = 4
        media = {"image_size_limit": 16_777_216, "description_limit": 1500}
        configuration = {"statuses": statuses, "media_attachments": media}
        told = {"domain": "home.example", "title": "Home", "configuration": configuration}
        return self._json(told) if version == "v2" else _error(404, "Not found")

    def _heard(self, arrival: Arrival) -> Answer:
        if "notifications" in self.refused_scopes:
            return _error(403, "This action is outside the authorized scopes")
        query = parse_qs(arrival.query)
        if "include_filtered" in query and not self.dialect.filtered:
            return _error(self.dialect.bad_request, "unknown parameter include_filtered")
        if "types[]" in query and not self.dialect.types:
            return _error(self.dialect.bad_request, "unknown parameter types")
        wanted = query.get("types[]", [])
        hidden = set() if "include_filtered" in query else self.hidden
        told = {
            id: {**each, "type": "hologram" if each["status"] in self._estranged else each["type"]}
            for id, each in self.notifications.items()
            if (not wanted or each["type"] in wanted) and id not in hidden
        }
        return self._paged(told, arrival)

    def _paged(self, items: Mapping[str, dict[str, Any]], arrival: Arrival) -> Answer:
        """Newest first; `min_id` gives the page just above it, `max_id` the one just below."""
        query, limit = arrival.params, int(arrival.params.get("limit", 20))
        ids = sorted(items, key=_order)
        if "min_id" in query and self.dialect.min_id != "ignored":
            low = _order(query["min_id"])
            foreign = self._is_foreign(query["min_id"])
            inclusive = self.dialect.min_id == "inclusive"
            ids = [id for id in ids if foreign or _order(id) > low or (inclusive and _order(id) == low)][:limit]
        elif "max_id" in query:
            ids = [id for id in ids if _order(id) < _order(query["max_id"])][-limit:]
        else:
            ids = ids[-limit:]
        shown = [self._shown(items[id]) for id in reversed(ids)]
        return self._json([each for each in shown if each is not None])

    def _is_foreign(self, id: str) -> bool:
        return id.isdecimal() != (self.dialect.ids == "numbers")

    def _shown(self, item: dict[str, Any]) -> dict[str, Any]:
        if "type" in item:
            about = item["status"]
            return {**item, "status": self._status(about) if about in self.statuses else None}
        return self._status(item["id"])

    def _status(self, id: str) -> dict[str, Any]:
        status = dict(self.statuses[id])
        status["replies_count"] = sum(1 for each in self.statuses.values() if each["in_reply_to_id"] == id)
        if self.dialect.quotes:
            denied = status["visibility"] not in ("public", "unlisted") or id in self.denied
            status["quote_approval"] = {"automatic": [], "current_user": "denied" if denied else "automatic"}
        if id in self._garbled:
            return status | {"account": None, "created_at": "yesterday at noon"}
        if id in self._estranged:
            return status | {"visibility": "friends", "new": [{"x": None}], "quote": {"state": "dreamt"}}
        return status

    def _looked_up(self, arrival: Arrival) -> Answer:
        if not self.dialect.many:
            return _error(404, "Not found")
        ids = parse_qs(arrival.query).get("id[]", [])
        return self._json([self._status(id) for id in ids if id in self.statuses])

    def _one(self, arrival: Arrival, id: str, rest: Sequence[str]) -> Answer:
        method = arrival.method
        if id not in self.statuses:
            return _error(404, "Record not found")
        if method == "DELETE":
            if self.statuses[id]["account"]["id"] != ME:
                return _error(404, "Record not found")
            status = self._status(id)
            self.deletes(id)
            return self._json(status)
        if method == "PUT":
            return self._changed(id, arrival.json())
        if method == "GET" and list(rest) == ["source"]:
            told = {"id": id, "text": self._sources.get(id, ""), "spoiler_text": self.statuses[id]["spoiler_text"]}
            return self._json(told)
        if method == "GET" and list(rest) == ["context"]:
            return self._json({"ancestors": self._above(id), "descendants": self._below(id)})
        if method == "POST":
            self.taken.append((rest[0], id))
        return self._json(self._status(id))

    def _above(self, id: str) -> list[dict[str, Any]]:
        parent = self.statuses[id]["in_reply_to_id"]
        return [*self._above(parent), self._status(parent)] if parent in self.statuses else []

    def _below(self, id: str) -> list[dict[str, Any]]:
        children = [child for child, status in self.statuses.items() if status["in_reply_to_id"] == id]
        return [each for child in children for each in (self._status(child), *self._below(child))]

    def _created(self, arrival: Arrival) -> Answer:
        body, key = arrival.json(), arrival.headers.get("Idempotency-Key") or ""
        if key in self._keys and self.dialect.keys:
            return self._json(self._status(self._keys[key]))
        parent = str(body.get("in_reply_to_id") or "")
        if parent in self._closed:
            return _error(403, "This action is not allowed")
        if len(re.sub(r"(@\w+)@[\w.]+", r"\1", body["status"])) > self.most:
            bad = self.dialect.bad_request
            return _error(bad, f"Validation failed: Text character limit of {self.most} exceeded")
        if str(body.get("quoted_status_id") or "") in self.denied:
            return _error(self.dialect.bad_request, "Validation failed: You may not quote this")
        if any(self.media[each]["waits"] for each in body.get("media_ids", ())):
            return _error(422, "Cannot attach files that have not finished processing.")
        id = self._post(body)
        self._keys[key] = id
        words = " ".join(word for word in body["status"].split(" ") if not word.startswith("@"))
        self._posted.append(
            Posted(
                text=words,
                visibility=SAID_BACK[body["visibility"]],
                body=body,
                key=key,
                warning=body.get("spoiler_text", ""),
                quotes="quoted_status_id" in body,
                pictures=[self.media[each]["description"] for each in body.get("media_ids", ())],
            )
        )
        return self._json(self._status(id))

    def _post(self, body: Mapping[str, Any]) -> str:
        accts = {person[0]: who for who, person in PEOPLE.items()}
        named = [accts[word[1:]] for word in body["status"].split() if word[1:] in accts and word[0] == "@"]
        html = escape(body["status"], quote=False).replace("\n", "<br>")
        for who in named:
            acct = PEOPLE[who][0]
            link = f'<a href="{self.url}/@{acct}" class="u-url mention">@<span>{acct.partition("@")[0]}</span></a>'
            html = html.replace(f"@{acct}", f'<span class="h-card">{link}</span>')
        fields = {"spoiler_text": body.get("spoiler_text", ""), "language": body.get("language")}
        quoted = body.get("quoted_status_id")
        if quoted:
            link = f'<p class="quote-inline">RE: <a href="{self.url}/{quoted}">{self.url}/{quoted}</a></p>'
            html = f"{link}{html}"
            fields["quote"] = {"state": "accepted", "quoted_status": self._status(quoted)}
        fields["media_attachments"] = [self._attachment(each) for each in body.get("media_ids", ())]
        id = self.writes(
            ME,
            "",
            parent=body.get("in_reply_to_id"),
            visibility=SAID_BACK[body["visibility"]],
            html=f"<p>{html}</p>",
            naming=named,
            **fields,
        )
        self._sources[id] = body["status"]
        return id

    def _changed(self, id: str, body: dict[str, Any]) -> Answer:
        if self.statuses[id]["account"]["id"] != ME:
            return _error(404, "Record not found")
        self.edits(id, body["status"])
        self._sources[id] = body["status"]
        described = {each["id"]: each["description"] for each in body.get("media_attributes", ())}
        kept = [self._attachment(each) | {"description": described.get(each, "")} for each in body.get("media_ids", ())]
        fields = {name: body.get(name) for name in ("spoiler_text", "sensitive", "language")}
        self.statuses[id] |= fields | {"media_attachments": kept}
        return self._json(self._status(id))

    def _handed_over(self, version: str, arrival: Arrival) -> Answer:
        if version == "v2" and self.dialect.media == "old":
            return _error(404, "Not found")
        head = f"Content-Type: {arrival.headers['Content-Type']}\r\n\r\n".encode()
        message = message_from_bytes(head + arrival.body)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}
        told = parts["description"].get_payload(decode=True).decode() if "description" in parts else ""
        id = self._next_id()
        waits = 2 if self.dialect.media == "slow" else 10**6 if self.dialect.media == "stuck" else 0
        self.media[id] = {"description": told, "content": parts["file"].get_payload(decode=True), "waits": waits}
        return _json(202 if waits else 200, {**self._attachment(id), "url": None if waits else f"{self.url}/{id}.png"})

    def _picture(self, id: str) -> Answer:
        picture = self.media[id]
        picture["waits"] = max(0, picture["waits"] - 1)
        return _json(206, {"id": id, "url": None}) if picture["waits"] else self._json(self._attachment(id))

    def _attachment(self, id: str) -> dict[str, Any]:
        url = f"{self.url}/{id}.png"
        return {"id": id, "type": "image", "url": url, "description": self.media[id]["description"]}

    def _mention(self, who: str) -> dict[str, Any]:
        person = self.person(who)
        return {name: person[name] for name in ("id", "username", "acct", "url")}

    def _next_id(self) -> str:
        self._count += 1
        number = 109_000_000_000_000_000 + self._count
        return str(number) if self.dialect.ids == "numbers" else f"01{number:024X}"

    def _json(self, content: Any) -> Answer:
        date = {"Date": format_datetime(self.clock().astimezone(UTC), usegmt=True)}
        return _json(200, content, date | self.headers)


def _form_of(arrival: Arrival) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(arrival.body.decode()).items()}


def _order(id: str) -> tuple[int, str]:
    return len(id), id


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Answer:
    chosen = {"Content-Type": "application/json; charset=utf-8", "Connection": "close", **(headers or {})}
    return Answer(status=status, headers=chosen, body=json.dumps(content).encode())


def _error(status: int, error: str, **headers: str) -> Answer:
    return _json(status, {"error": error}, {name.replace("_", "-"): value for name, value in headers.items()})


def _page(status: int) -> Answer:
    headers = {"Content-Type": "text/html", "Connection": "close"}
    return Answer(status=status, headers=headers, body=b"<!doctype html><title>Just a moment</title>")
