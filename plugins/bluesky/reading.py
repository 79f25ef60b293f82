"""What is read: lists of notifications and posts, single posts, and threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.kernel.http import FetchLimits

from .mapping import Raw
from .refusals import read_refusal
from .server import LOOK, READ, Server

NOTIFICATIONS = 100
OWN = 50
REASONS = ("mention", "reply", "quote")
_DEPTH, _HEIGHT = 10, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page. below: where the next begins; None at the end. A page may be short or empty and not be the last."""

    items: tuple[Any, ...]
    below: str | None
    pause: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Posts around one post, those above first. Of one that is hidden from us only the uri is known.

    blocked: those of them whose author and we do not see each other.
    """

    posts: tuple[Raw, ...]
    hidden: frozenset[str]
    blocked: frozenset[str]


class Reading:
    """Reads as one account. Raises the errors of hub.errors."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def notifications(self, below: str | None) -> Listing:
        """One page. `priority` is always said: else the account's own flag may leave out whom it does not follow."""
        params: dict[str, Any] = {"limit": NOTIFICATIONS, "priority": "false", "reasons": list(REASONS)}
        return self._page("app.bsky.notification.listNotifications", params, below, "notifications")

    def own_posts(self, did: str, below: str | None) -> Listing:
        """One page of what we wrote ourselves, answers included."""
        params: dict[str, Any] = {"actor": did, "limit": OWN, "filter": "posts_with_replies"}
        listing = self._page("app.bsky.feed.getAuthorFeed", params, below, "feed")
        posts = (each.get("post") for each in listing.items if isinstance(each, dict) and not each.get("reason"))
        return Listing(
            items=tuple(post for post in posts if isinstance(post, dict)), below=listing.below, pause=listing.pause
        )

    def tagged(self, tag: str, below: str | None, *, limits: FetchLimits = READ) -> Listing:
        """One page of what is said under a hashtag, newest first."""
        params: dict[str, Any] = {"q": f"#{tag}", "sort": "latest", "limit": NOTIFICATIONS}
        return self._page("app.bsky.feed.searchPosts", params, below, "posts", limits)

    def posts(self, uris: Sequence[str]) -> dict[str, Raw]:
        """At most 25 posts as they are now, by uri. Those that are gone, blocked or taken down are missing."""
        return _by_uri(self._server.query("app.bsky.feed.getPosts", {"uris": list(uris)}).content.get("posts"))

    def look_at(self, uri: str) -> Raw | None:
        """One post shortly before something is done with it; None when it is not to be seen."""
        told = self._server.query("app.bsky.feed.getPosts", {"uris": [uri]}, limits=LOOK)
        return _by_uri(told.content.get("posts")).get(uri)

    def is_away(self, did: str) -> bool:
        """Whether an account is suspended, deactivated or gone: there is no profile of it to be seen."""
        answer = self._server.ask("GET", "app.bsky.actor.getProfile", params={"actor": did}, limits=LOOK)
        refused = read_refusal(answer) if answer.status >= 400 else None
        if refused is not None and not refused.is_about_an_account:
            raise self._server.refusal(answer)
        return refused is not None

    def thread(self, uri: str, *, depth: int = _DEPTH, height: int = _HEIGHT) -> Thread:
        """What stands above and below a post. Raises NotFound."""
        params = {"uri": uri, "depth": depth, "parentHeight": height}
        told = self._server.query("app.bsky.feed.getPostThread", params, limits=READ).content.get("thread")
        posts, hidden, blocked = list[Raw](), set[str](), set[str]()
        for node in _nodes(told):
            if isinstance(node.get("post"), dict):
                posts.append(node["post"])
            elif node.get("notFound") or node.get("blocked"):
                hidden.add(str(node.get("uri")))
                blocked |= {str(node.get("uri"))} if node.get("blocked") else set()
        return Thread(posts=tuple(posts), hidden=frozenset(hidden), blocked=frozenset(blocked))

    def _page(
        self, nsid: str, params: Mapping[str, Any], below: str | None, name: str, limits: FetchLimits = READ
    ) -> Listing:
        told = self._server.query(nsid, {**params, **({"cursor": below} if below else {})}, limits=limits)
        items, cursor = told.content.get(name), told.content.get("cursor")
        return Listing(
            items=tuple(items) if isinstance(items, list) else (),
            below=str(cursor) if cursor and cursor != below else None,
            pause=told.pause,
        )


def _by_uri(posts: Any) -> dict[str, Raw]:
    readable = [post for post in posts if isinstance(post, dict)] if isinstance(posts, list) else []
    return {str(post.get("uri")): post for post in readable}


def _nodes(thread: Any) -> Iterator[Raw]:
    """Every node of a thread: its parents from the top, itself, then what answers it."""
    if not isinstance(thread, dict):
        return
    above, node = [], thread.get("parent")
    while isinstance(node, dict):
        above.append(node)
        node = node.get("parent")
    yield from reversed(above)
    waiting = [thread]
    while waiting:
        node = waiting.pop(0)
        yield node
        replies = node.get("replies")
        waiting += [each for each in replies if isinstance(each, dict)] if isinstance(replies, list) else []
