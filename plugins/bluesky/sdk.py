"""The small actions through the atproto SDK, whose models know what each record has to hold.

The SDK makes its requests through the door. It is loaded when the first action is taken, and given our session as a
header: a client of its own that signs in and renews by itself would be a second holder of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hub.connector import Target
from hub.errors import Ambiguous, AuthExpired, NotFound, Rejected, Unavailable
from hub.kernel.http import door_errors

from .composing import written
from .direct import read_id
from .mapping import MALFORMED, POST, Raw, refs
from .reading import Reading
from .record_keys import did_of, key_about, read_uri
from .refusals import Refusal, instruction
from .second_look import demand
from .server import LOOK, WRITE, Server
from .showing import quoted_uri

if TYPE_CHECKING:
    from hub.connector import Context

    from .sessions import Session, Sessions

LIKE, REPOST = "app.bsky.feed.like", "app.bsky.feed.repost"
GATE, QUOTE_GATE = "app.bsky.feed.threadgate", "app.bsky.feed.postgate"
ACTIONS = frozenset({"like", "unlike", "boost", "unboost", "bookmark", "unbookmark", "hide", "unhide", "delete"})


class _Expired(Exception):
    """The session has to be renewed; nothing was done."""


class Actions:
    """Does an action to a post; each may be repeated. Raises the errors of hub.errors."""

    def __init__(self, context: Context, sessions: Sessions, server: Server) -> None:
        self._context = context
        self._sessions = sessions
        self._server = server
        self._reading = Reading(server)

    def act(self, name: str, target: Target) -> None:
        """Raises NotImplementedError for an action there is not."""
        actions: dict[str, Callable[[str], None]] = {
            "like": lambda uri: self._mark(LIKE, "like", uri),
            "unlike": lambda uri: self._unmark(LIKE, "like", uri),
            "boost": lambda uri: self._mark(REPOST, "repost", uri),
            "unboost": lambda uri: self._unmark(REPOST, "repost", uri),
            "bookmark": self._bookmark,
            "unbookmark": self._unbookmark,
            "hide": lambda uri: self._hide(uri, hidden=True),
            "unhide": lambda uri: self._hide(uri, hidden=False),
            "delete": self._delete,
        }
        if name not in actions:
            raise NotImplementedError(f"bluesky declares no {name}")
        if read_id(target.remote_id) is not None:
            raise Rejected("not_for_messages")
        try:
            actions[name](target.remote_id)
        except Ambiguous as error:
            # Done twice is the same as once.
            raise Unavailable(error.reason, detail=error.detail) from error

    def _mark(self, collection: str, mark: str, uri: str) -> None:
        """Put a like or a repost where the next one would be put, too."""
        from atproto import models

        view = demand(self._reading, uri)
        if _viewer(view).get(mark):
            return
        subject = models.ComAtprotoRepoStrongRef.Main(uri=uri, cid=str(view["cid"]))
        kinds: dict[str, Any] = {LIKE: models.AppBskyFeedLike.Record, REPOST: models.AppBskyFeedRepost.Record}
        record = kinds[collection](subject=subject, created_at=written(self._context.clock()))
        self._put(collection, key_about(uri), record)

    def _unmark(self, collection: str, mark: str, uri: str) -> None:
        view = self._reading.look_at(uri)
        told = str(_viewer(view).get(mark) or "") if view else ""
        keys = {key_about(uri), read_uri(told).key if told else key_about(uri)}
        for key in sorted(keys):
            self._remove(collection, key)

    def _bookmark(self, uri: str) -> None:
        """Bookmarks are ours to see alone: the network's service keeps them, not our repository."""
        from atproto import models

        view = demand(self._reading, uri)
        if not _viewer(view).get("bookmarked"):
            data = models.AppBskyBookmarkCreateBookmark.Data(uri=uri, cid=str(view["cid"]))
            self._done(lambda client, _: client.app.bsky.bookmark.create_bookmark(data))

    def _unbookmark(self, uri: str) -> None:
        from atproto import models

        data = models.AppBskyBookmarkDeleteBookmark.Data(uri=uri)
        self._done(lambda client, _: client.app.bsky.bookmark.delete_bookmark(data))

    def _delete(self, uri: str) -> None:
        """Take back a post of ours; asked for another's it does nothing."""
        if did_of(uri) == self._sessions.current().did:
            self._remove(POST, read_uri(uri).key)

    def _hide(self, uri: str, *, hidden: bool) -> None:
        """Fold an answer away below a post of ours, take our post out of a quote, or undo it. Its author's followers
        still see it."""
        from atproto import models

        root, quoted = self._around(uri)
        if self._is_ours(root):
            self._list(GATE, root, "hiddenReplies", uri, listed=hidden, model=models.AppBskyFeedThreadgate.Record)
        if self._is_ours(quoted):
            model = models.AppBskyFeedPostgate.Record
            self._list(QUOTE_GATE, quoted, "detachedEmbeddingUris", uri, listed=hidden, model=model)
        if not self._is_ours(root) and not self._is_ours(quoted):
            raise Rejected("not_our_thread")

    def _list(self, collection: str, post: str, name: str, uri: str, *, listed: bool, model: Any) -> None:
        """Put a post on a list that the rules of a post of ours keep, or take it off; the other rules stay."""
        from atproto import models

        known = self._gate(collection, read_uri(post).key)
        was = [str(each) for each in known.get(name) or ()]
        if (uri in was) == listed:
            return
        now = [*was, uri] if listed else [each for each in was if each != uri]
        gate = {"post": post, "createdAt": written(self._context.clock()), **known, name: now, "$type": collection}
        self._put(collection, read_uri(post).key, models.get_or_create(gate, model))

    def _is_ours(self, uri: str) -> bool:
        return did_of(uri) == self._sessions.current().did

    def _around(self, uri: str) -> tuple[str, str]:
        """The root of the thread a post stands in, and the post it quotes; empty where it quotes none."""
        try:
            record = demand(self._reading, uri)["record"]
            reply = refs(record)
            return reply.root if reply else uri, quoted_uri(record)
        except MALFORMED:
            return uri, ""

    # --- the repository -----------------------------------------------------------------------------------------------

    def _gate(self, collection: str, key: str) -> Raw:
        """The rules of one post as they stand in our repository; empty where there are none."""
        params = {"repo": self._sessions.current().did, "collection": collection, "rkey": key}
        try:
            value = self._server.query("com.atproto.repo.getRecord", params, limits=LOOK).content.get("value")
        except NotFound:
            return {}
        return value if isinstance(value, dict) else {}

    def _put(self, collection: str, key: str, record: Any) -> None:
        from atproto import models

        def put(client: Any, session: Session) -> None:
            data = models.ComAtprotoRepoPutRecord.Data(repo=session.did, collection=collection, rkey=key, record=record)
            client.com.atproto.repo.put_record(data)

        self._done(put)

    def _remove(self, collection: str, key: str) -> None:
        from atproto import models

        def remove(client: Any, session: Session) -> None:
            client.com.atproto.repo.delete_record(
                models.ComAtprotoRepoDeleteRecord.Data(repo=session.did, collection=collection, rkey=key)
            )

        self._done(remove)

    def _done(self, call: Callable[[Any, Session], Any]) -> Any:
        """Make one call of the SDK; where the session ended, once more with a renewed one."""
        session = self._sessions.current()
        try:
            return self._call(call, session)
        except _Expired:
            session = self._sessions.renewed(session)
        try:
            return self._call(call, session)
        except _Expired:
            raise AuthExpired("revoked") from None

    def _call(self, call: Callable[[Any, Session], Any], session: Session) -> Any:
        from atproto import Client, Request

        request = Request(transport=self._context.http.transport(WRITE, excepted=session.excepted), trust_env=False)
        request.set_additional_headers({"Authorization": f"Bearer {session.access}"})
        try:
            with self._told():
                return call(Client(base_url=session.pds, request=request), session)
        finally:
            request.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The SDK's errors as instructions; the door's own come through it unwrapped."""
        from atproto.exceptions import AtProtocolError, RequestErrorBase

        try:
            with door_errors():
                yield
        except RequestErrorBase as error:
            refusal = _refusal(error.response)
            if refusal.is_expired:
                raise _Expired from None
            raise instruction(refusal, writing=True, now=self._context.clock()) from error
        except (AtProtocolError, ValueError) as error:  # an answer that is none
            raise Unavailable("not_json") from error


def _refusal(response: Any) -> Refusal:
    """What the SDK kept of an answer; nothing where there was none."""
    if response is None:
        return Refusal(status=503)
    content = response.content
    return Refusal(
        status=response.status_code,
        name=str(getattr(content, "error", "") or ""),
        said=str(getattr(content, "message", "") or "")[:500],
        headers=response.headers,
    )


def _viewer(view: Raw | None) -> Raw:
    viewer = view.get("viewer") if view else None
    return viewer if isinstance(viewer, dict) else {}
