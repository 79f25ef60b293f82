"""A hand-written WordPress REST API on loopback: just enough of the real one, and it fails on order.

Its behaviour is copied from WordPress 6.1 (class-wp-rest-comments-controller.php); tests/peers has the real one.
"""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from html import escape, unescape
from typing import Any, ClassVar

from hub.connector import Visibility
from hub.testing.clock import START
from hub.testing.server import Answer, Arrival, Fault
from tests.plugins.served import ServedNetwork

ME, READER = 1, 7
PASSWORD = "abcd EFGH 1234"
PERSON = {"id": ME, "name": "Maya", "slug": "maya", "link": "https://blog.example/author/maya/", "avatar_urls": {}}
EDITOR = {"edit_posts": True, "moderate_comments": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A reply that arrived."""

    text: str
    visibility: Visibility = Visibility.PUBLIC


class FakeWordPress(ServedNetwork):
    """One site with one article (id 5). `refuses` and `fails` script the next answers; `comments` is what is stored."""

    page_size: ClassVar[int] = 100
    rate_limits: ClassVar[Sequence[str]] = ("flood", "rate_limit")

    def __init__(self) -> None:
        super().__init__()
        self.comments: dict[int, dict[str, Any]] = {}
        self.posts: dict[int, dict[str, Any]] = {5: _post(5)}
        self.capabilities: dict[str, bool] = dict(EDITOR)
        self.password = PASSWORD
        self.index: dict[str, Any] = {
            "name": "Tea &amp; Words",
            "namespaces": ["oembed/1.0", "wp/v2"],
            "authentication": {"application-passwords": {}},
        }
        self._arrived: list[int] = []
        self._now = START
        self._next: dict[str, deque[Callable[[Callable[[], Answer]], Answer]]] = {"GET": deque(), "POST": deque()}
        self._sends: deque[str] = deque()
        self._garbled: set[int] = set()
        self._estranged: set[int] = set()
        link = {"Link": f'<{self.url}/wp-json/>; rel="https://api.w.org/"', "Content-Type": "text/html"}
        for method in ("GET", "HEAD"):
            self.server.on(method, "/").answers(200, b"<html>/wp-content/</html>", headers=link)
        self.server.on("GET", "/wp-json/").runs(lambda arrival: _json(200, self.index))
        self.server.on("*", "/wp-json/wp/v2/*").runs(self._answer)

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
        self._now += timedelta(seconds=1)
        rendered = html or f"<p>{escape(text, quote=False)}</p>\n"
        return str(self._store(READER, rendered, rendered, int(parent or 0), at or self._now))

    def edits(self, id: str, text: str) -> None:
        self.comments[int(id)]["content"] = {"raw": text, "rendered": f"<p>{escape(text, quote=False)}</p>"}

    def deletes(self, id: str) -> None:
        del self.comments[int(id)]

    def closes(self, id: str) -> None:
        self.posts[self.comments[int(id)]["post"]]["comment_status"] = "closed"

    def garbles(self, id: str) -> None:
        self._garbled.add(int(id))

    def estranges(self, id: str) -> None:
        self._estranged.add(int(id))

    def native_reply(self, parent: str, text: str) -> str:
        self._now += timedelta(seconds=1)
        return str(self._store(ME, text, f"<p>{text}</p>", int(parent), self._now))

    def moderates(self, id: str, status: str) -> None:
        self.comments[int(id)]["status"] = status

    def arrivals(self) -> Sequence[Comment]:
        return [Comment(text=self.comments[id]["said"]) for id in self._arrived if id in self.comments]

    # --- what goes wrong --------------------------------------------------------------------------------------------

    def fails(self, *, next_sends: Iterable[str] = (), next_pulls: Iterable[str] = ()) -> None:
        self._sends.extend(next_sends)
        self._next["GET"].extend(_FAILURES[word] for word in next_pulls)

    def refuses(self, method: str, status: int, code: str = "", **headers: str) -> None:
        """Answer the next request of this method with one of WordPress's errors; without a code, with a page."""
        answer = _error(status, code, **headers) if code else _page(status, **headers)
        self._next[method].append(lambda proceed: answer)

    def signs_out(self) -> None:
        self.password = "another"

    # --- the API ----------------------------------------------------------------------------------------------------

    def _answer(self, arrival: Arrival) -> Answer:
        """A list of comments, a look at the one that is answered, and a write can be made to fail."""
        proceed = partial(self._routed, arrival)
        lists = arrival.path.endswith("/comments")
        if arrival.method == "POST" and self._sends:
            return _FAILURES[self._sends.popleft()](proceed)
        if "/comments/" in arrival.path and self._sends and self._sends[0] == "down":
            return _FAILURES[self._sends.popleft()](proceed)
        script = self._next[arrival.method]
        return script.popleft()(proceed) if script and (lists or arrival.method == "POST") else proceed()

    def _routed(self, arrival: Arrival) -> Answer:
        token = base64.b64encode(f"maya:{self.password}".encode()).decode()
        if arrival.headers.get("Authorization") != f"Basic {token}":
            return _error(401, "rest_not_logged_in")
        what, _, id = arrival.path.removeprefix("/wp-json/wp/v2/").partition("/")
        if what == "users":
            return _json(200, {**PERSON, "capabilities": self.capabilities})
        if what == "posts":
            ids = arrival.params["include"].split(",")
            return _json(200, [post for number, post in self.posts.items() if str(number) in ids])
        if id:
            return self._one(arrival, int(id))
        return self._created(arrival.json()) if arrival.method == "POST" else self._listed(arrival.params)

    def _one(self, arrival: Arrival, id: int) -> Answer:
        if id not in self.comments:
            return _error(404, "rest_comment_invalid_id")
        if arrival.method == "POST":
            wanted = arrival.json()
            if "content" in wanted:
                self.edits(str(id), unescape(wanted["content"]))
                return _json(200, self._shown(id))
            status = wanted["status"]
            if status == self.comments[id]["status"]:
                return _error(500, "rest_comment_failed_edit")
            self.comments[id]["status"] = {"unspam": "approved", "untrash": "approved"}.get(status, status)
        return _json(200, self._shown(id))

    def _listed(self, params: Mapping[str, str]) -> Answer:
        ids = sorted(self.comments, reverse=params.get("order") == "desc")
        if params.get("status") != "any":
            ids = [id for id in ids if self.comments[id]["status"] == "approved"]
        for name, field in (("include", "id"), ("parent", "parent"), ("author", "author")):
            if name in params:
                wanted = params[name].split(",")
                ids = [id for id in ids if str(self.comments[id][field]) in wanted]
        offset = int(params.get("offset", 0))
        page = [self._shown(id) for id in ids[offset : offset + int(params["per_page"])]]
        return _json(200, page, {"X-WP-Total": str(len(ids))})

    def _created(self, wanted: Mapping[str, Any]) -> Answer:
        if self.posts[wanted["post"]]["comment_status"] != "open":
            return _error(403, "rest_comment_closed")
        if len(wanted["content"].encode()) > 65_525:
            return _error(400, "comment_content_column_length")
        for known in self.comments.values():
            same = (known["author"], known["parent"], known["content"]["raw"])
            if same == (ME, wanted["parent"], wanted["content"]) and known["status"] != "trash":
                return _error(409, "comment_duplicate")
        self._now += timedelta(seconds=1)
        content = wanted["content"]
        rendered = f"<p>{content.replace(chr(10), '<br />')}</p>"
        id = self._store(ME, content, rendered, wanted["parent"], self._now)
        self._arrived.append(id)
        return _json(201, self._shown(id))

    def _store(self, author: int, raw: str, rendered: str, parent: int, at: datetime) -> int:
        id = len(self.comments) + 11 if not self.comments else max(self.comments) + 1
        self.comments[id] = {
            "id": id,
            "post": 5,
            "parent": parent,
            "author": author,
            "author_name": "Maya" if author == ME else "Alice",
            "author_email": "someone@blog.example",
            "author_url": "",
            "author_avatar_urls": {"96": "https://pictures.example/avatar/0a1b?s=96"},
            "date_gmt": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "content": {"raw": raw, "rendered": rendered},
            "said": unescape(raw),
            "link": f"https://blog.example/tea/#comment-{id}",
            "status": "approved",
            "_links": {"up": [{"href": f"{self.url}/wp-json/wp/v2/posts/5"}]},
        }
        return id

    def _shown(self, id: int) -> dict[str, Any]:
        comment = {name: value for name, value in self.comments[id].items() if name != "said"}
        if id in self._garbled:
            return comment | {"author": "nobody", "date_gmt": "yesterday at noon"}
        if id in self._estranged:
            return comment | {
                "type": "hologram",
                "status": "quarantined",
                "visibility": "friends",
                "new": [{"x": None}],
            }
        return comment


def _post(id: int) -> dict[str, Any]:
    return {
        "id": id,
        "title": {"rendered": "Tea &#038; patience"},
        "excerpt": {"rendered": "<p>Water first.</p>\n"},
        "link": "https://blog.example/tea/",
        "date_gmt": "2026-02-01T08:00:00",
        "comment_status": "open",
    }


def _json(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Answer:
    chosen = {"Content-Type": "application/json; charset=UTF-8", "Connection": "close", **(headers or {})}
    return Answer(status=status, headers=chosen, body=json.dumps(content).encode())


def _error(status: int, code: str, **headers: str) -> Answer:
    told = {"code": code, "message": "Sorry, you are not allowed to do that.", "data": {"status": status}}
    return _json(status, told, {name.replace("_", "-"): value for name, value in headers.items()})


def _page(status: int, **headers: str) -> Answer:
    chosen = {name.replace("_", "-"): value for name, value in headers.items()}
    chosen |= {"Content-Type": "text/html", "Connection": "close"}
    return Answer(status=status, headers=chosen, body=b"<!doctype html><title>Just a moment</title>")


def _lost(proceed: Callable[[], Answer]) -> Answer:
    proceed()
    return Answer(fault=Fault.DROP)


_FAILURES: Mapping[str, Callable[[Callable[[], Answer]], Answer]] = {
    "down": lambda proceed: _page(503),
    "drop": _lost,
    "flood": lambda proceed: _error(400, "comment_flood"),
    "rate_limit": lambda proceed: _error(429, "too_many_requests", Retry_After="30"),
}
