"""A hand-written server of Bluesky's network on loopback: just enough of it, with direct messages, failing on order.

Its behaviour is copied from the lexicons and the reference servers' code; tests/peers runs those servers themselves.
Direct messages have no server to be had: here they follow chat.bsky.convo alone.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qs

from hub_plugins.bluesky.record_keys import is_reserved, read_uri

from hub.connector import Visibility
from hub.kernel.clock import Clock, to_micros
from hub.testing.clock import START, FrozenClock
from hub.testing.server import Answer, Arrival, Fault
from tests.plugins.served import ServedNetwork

PASSWORD = "abcd-efgh-ijkl-mnop"
ME, LENA, TOM = "did:plc:brightwater", "did:plc:lena", "did:plc:tom"
PEOPLE = {ME: ("brightwater.test", "Brightwater"), LENA: ("lena.test", "Lena Brandt"), TOM: ("tom.test", "Tom")}
POST = "app.bsky.feed.post"
CHAT = "chat.bsky.convo.defs"
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A reply that arrived, as it was written."""

    text: str
    visibility: Visibility
    record: Mapping[str, Any]

    @property
    def quotes(self) -> bool:
        return "record" in self.record.get("embed", {})

    @property
    def pictures(self) -> list[str]:
        embed = self.record.get("embed", {})
        return [each["alt"] for each in embed.get("media", embed).get("images", ())]


class FakeBluesky(ServedNetwork):
    """One server with our account on it. `fails` scripts the next answers; `posts` is what is stored."""

    page_size: ClassVar[int] = 100
    rate_limits: ClassVar[Sequence[str]] = ("rate_limit_reset", "rate_limit_after", "rate_limit_none")

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or FrozenClock()
        super().__init__()
        self.posts: dict[str, dict[str, Any]] = {}
        self.records: dict[str, dict[str, Any]] = {}
        self.notifications: dict[str, str] = {}
        self.viewers: dict[str, dict[str, Any]] = {}
        self.people: dict[str, dict[str, Any]] = {did: {} for did in PEOPLE}
        self.away: dict[str, tuple[str, str]] = {}
        self.blocking: set[str] = set()
        self.convos: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.log: list[dict[str, Any]] = []
        self.blobs: list[tuple[bytes, str]] = []
        self.sign_ins = 0
        self.refreshes = 0
        self.password = PASSWORD
        self.chat: str = "works"
        self.tells_pds = True
        self._access: set[str] = set()
        self._refresh: dict[str, int] = {}
        self._tokens = 0
        self._posted: list[Posted] = []
        self._garbled: set[str] = set()
        self._estranged: set[str] = set()
        self._count = 0
        self._pulls: deque[str] = deque()
        self._sends: deque[str] = deque()
        self._refusals: dict[str, deque[Answer]] = {}
        self.server.on("*", "/*").runs(self._answer)
        self.root = self.writes(ME, "Ten weeks, whatever the water.")

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
        """Lena answers a post of ours, or writes a direct message."""
        if visibility is Visibility.DIRECT:
            return self.writes_directly(LENA, text)
        return self.writes(LENA, text, parent=parent or self.root, at=at, heard_as="reply")

    def writes(
        self,
        who: str,
        text: str,
        *,
        parent: str | None = None,
        at: datetime | None = None,
        heard_as: str | None = None,
        embed: Mapping[str, Any] | None = None,
        **record: Any,
    ) -> str:
        """Somebody posts; `heard_as` is the reason of the notification we get of it. `embed` is a pair of record's and
        view's."""
        uri = f"at://{who}/{POST}/{self._key()}"
        written: dict[str, Any] = {"$type": POST, "text": text, "createdAt": _written(at or self.clock()), **record}
        if parent is not None:
            written["reply"] = self._refs(parent)
        if embed is not None:
            written["embed"] = embed["record"]
        self._store(uri, written, view=embed and embed["view"])
        if heard_as is not None:
            self.notifications[uri] = heard_as
        return uri

    def notifies_ahead(self, text: str, at: datetime) -> str:
        """A server that believes authors who date their posts ahead."""
        uri = self.says(text, at=at)
        self.posts[uri]["indexedAt"] = _written(at)
        return uri

    def writes_directly(
        self, who: str, text: str, *, convo: str = "", status: str = "accepted", answers: str = ""
    ) -> str:
        """`answers`: the message it says it replies to; most say nothing."""
        convo = convo or f"convo-{(LENA if who == ME else who).rpartition(':')[2]}"
        if convo not in self.convos:
            self._opens(convo, LENA if who == ME else who, status=status)
        self._count += 1
        message: dict[str, Any] = {"$type": f"{CHAT}#messageView", "id": f"m{self._count}", "rev": self._rev()}
        message |= {"text": text, "sender": {"did": who}, "sentAt": _written(self.clock())}
        if answers:
            above = next(each for each in self.messages[convo] if answers.endswith(f"/{each['id']}"))
            message["replyTo"] = {name: value for name, value in above.items() if name != "replyTo"}
        self.messages.setdefault(convo, []).append(message)
        self._logs("logCreateMessage", convo, message)
        return f"dm:{convo}/{message['id']}"

    def opens_group(self, convo: str, name: str, *others: str, count: int = 0) -> None:
        """A group with us in it; `count` where it has more members than are told with it."""
        kind = {"$type": f"{CHAT}#groupConvo", "name": name, "memberCount": count or len(others) + 1}
        self._opens(convo, *others, kind={**kind, "lockStatus": "unlocked", "createdAt": _written(self.clock())})

    def locks(self, convo: str, *, locked: bool = True) -> None:
        """Its owner lets nobody write into a group any more, or again."""
        self.convos[convo]["kind"]["lockStatus"] = "locked" if locked else "unlocked"
        self._logs("logLockConvo" if locked else "logUnlockConvo", convo)

    def accepts(self, convo: str) -> None:
        """Somebody of ours accepts a request in the app."""
        self.convos[convo]["status"] = "accepted"
        self._logs("logAcceptConvo", convo)

    def _opens(self, convo: str, *others: str, status: str = "accepted", kind: Mapping[str, Any] | None = None) -> None:
        kind = kind or {"$type": f"{CHAT}#directConvo"}
        self.convos[convo] = {"id": convo, "status": status, "kind": kind, "others": others}
        self._logs("logBeginConvo", convo)

    def edits(self, id: str, text: str) -> None:
        post = self.posts[id]
        self._store(id, {**post["record"], "text": text})

    def deletes(self, id: str) -> None:
        if id.startswith("dm:"):
            convo, _, message = id.removeprefix("dm:").partition("/")
            gone = next(each for each in self.messages[convo] if each["id"] == message)
            view = {key: gone[key] for key in ("id", "rev", "sender", "sentAt")}
            view["$type"] = f"{CHAT}#deletedMessageView"
            self.messages[convo][self.messages[convo].index(gone)] = view
            self._logs("logDeleteMessage", convo, view)
            return
        self.posts.pop(id, None)
        self.notifications.pop(id, None)

    def is_liked(self, id: str, *, liked: bool = True) -> None:
        """Our account likes a post, or no longer does, from another app."""
        self.viewers.setdefault(id, {})["like"] = f"at://{ME}/app.bsky.feed.like/1" if liked else None

    def closes(self, id: str) -> None:
        self.viewers.setdefault(id, {})["replyDisabled"] = True

    def garbles(self, id: str) -> None:
        self._garbled.add(id)

    def estranges(self, id: str) -> None:
        self._estranged.add(id)

    def native_reply(self, parent: str, text: str) -> str:
        if parent.startswith("dm:"):
            return self.writes_directly(ME, text, convo=parent.removeprefix("dm:").partition("/")[0])
        return self.writes(ME, text, parent=parent)

    def arrivals(self) -> Sequence[Posted]:
        return self._posted

    # --- what goes wrong --------------------------------------------------------------------------------------------

    def fails(self, *, next_sends: Iterable[str] = (), next_pulls: Iterable[str] = ()) -> None:
        self._sends.extend(next_sends)
        self._pulls.extend(next_pulls)

    def refuses(self, nsid: str, status: int, error: str = "", message: str = "", **headers: str) -> None:
        """Answer the next call with an error of the API; without a name, with a page."""
        self.answers(nsid, _error(status, error, message, **headers) if error else _page(status))

    def answers(self, nsid: str, answer: Answer) -> None:
        """Answer the next call so, whatever was asked."""
        self._refusals.setdefault(nsid, deque()).append(answer)

    def signs_out(self) -> None:
        self.password = "another"
        self.ends_session()

    def ends_session(self) -> None:
        """Revoke every token: the session is gone, the password still good."""
        self._access.clear()
        self._refresh.clear()

    def expires(self) -> None:
        """The access tokens ran out; they can be renewed."""
        self._access.clear()

    # --- the API ----------------------------------------------------------------------------------------------------

    def calls(self, nsid: str) -> list[Arrival]:
        return [arrival for arrival in self.server.arrivals if arrival.path == f"/xrpc/{nsid}"]

    def _answer(self, arrival: Arrival) -> Answer:
        nsid = arrival.path.removeprefix("/xrpc/")
        if self._refusals.get(nsid):
            return self._refusals[nsid].popleft()
        proceed = partial(self._routed, nsid, arrival)
        is_write = nsid in ("com.atproto.repo.createRecord", "chat.bsky.convo.sendMessage")
        is_look = nsid in ("app.bsky.feed.getPosts", "com.atproto.repo.getRecord")
        if self._sends and (is_write or (is_look and self._sends[0] == "down")):
            return self._fault(self._sends.popleft(), proceed)
        if self._pulls and nsid == "app.bsky.notification.listNotifications":
            return self._fault(self._pulls.popleft(), proceed)
        return proceed()

    def _fault(self, word: str, proceed: Callable[[], Answer]) -> Answer:
        if word == "down":
            return _error(502, "UpstreamFailure", "the upstream is down")
        if word == "taken":
            return _error(500, "InternalServerError", "Internal Server Error")
        if word == "drop":
            proceed()
            return Answer(fault=Fault.DROP)
        until = START + timedelta(seconds=200)
        headers = {
            "rate_limit_reset": {"RateLimit_Reset": str(int(until.timestamp())), "RateLimit_Remaining": "0"},
            "rate_limit_after": {"Retry_After": "200"},
            "rate_limit_none": {},
        }
        return _error(429, "RateLimitExceeded", "Rate Limit Exceeded", **headers[word])

    def _routed(self, nsid: str, arrival: Arrival) -> Answer:
        token = (arrival.headers.get("Authorization") or "").removeprefix("Bearer ")
        if nsid == "com.atproto.server.createSession":
            return self._created_session(arrival.json())
        if nsid == "com.atproto.server.refreshSession":
            return self._refreshed_session(token)
        if token not in self._access:
            return _error(400, "ExpiredToken", "Token has expired")
        query = parse_qs(arrival.query)
        if nsid.startswith("chat."):
            return self._chat(nsid.rpartition(".")[2], query, arrival)
        method = getattr(self, "_on_" + nsid.rpartition(".")[2], None)
        if method is None:
            return _error(501, "MethodNotImplemented", "Method Not Implemented")
        answer: Answer = method(query, arrival)
        return answer

    def _created_session(self, told: Mapping[str, Any]) -> Answer:
        self.sign_ins += 1
        if told["password"] != self.password or told["identifier"] not in ("brightwater.test", ME):
            return _error(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session(self._tokens + 1)

    def _refreshed_session(self, token: str) -> Answer:
        self.refreshes += 1
        if token not in self._refresh:
            return _error(400, "ExpiredToken", "Token has been revoked")
        return self._session(self._refresh[token])

    def _session(self, number: int) -> Answer:
        """The session of that number; a refresh token that was used already leads to the same next one."""
        self._tokens = max(self._tokens, number)
        access, refresh = f"access-token-{number}", f"refresh-token-{number}"
        self._access.add(access)
        self._refresh[refresh] = number + 1
        service = [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.url}]
        told = {"did": ME, "handle": "brightwater.test", "accessJwt": access, "refreshJwt": refresh, "active": True}
        return _json(told | ({"didDoc": {"id": ME, "service": service}} if self.tells_pds else {}))

    def _on_getProfile(self, query: Any, arrival: Arrival) -> Answer:
        did = query["actor"][0]
        if did in self.away:
            name, said = self.away[did]
            return _error(400, name, said)
        return _json(self._profile(did))

    def _on_resolveHandle(self, query: Any, arrival: Arrival) -> Answer:
        dids = {handle: did for did, (handle, _) in PEOPLE.items()}
        handle = query["handle"][0]
        if handle not in dids:
            return _error(400, "InvalidRequest", "Unable to resolve handle")
        return _json({"did": dids[handle]})

    def _on_listNotifications(self, query: Any, arrival: Arrival) -> Answer:
        """Sorted by what the author says; the reasons are chosen after the page is cut, so a page may be empty."""
        assert query["priority"] == ["false"], "the account's own flag would hide people"
        told = [self._notification(uri, reason) for uri, reason in self.notifications.items()]
        told.sort(key=lambda each: (str(each["indexedAt"]), str(each["uri"])), reverse=True)
        at, limit = int(query.get("cursor", ["0"])[0]), int(query["limit"][0])
        page = [each for each in told[at : at + limit] if each["reason"] in query["reasons"]]
        following = {"cursor": str(at + limit)} if at + limit < len(told) else {}
        return _json({"notifications": page, **following})

    def _notification(self, uri: str, reason: str) -> dict[str, Any]:
        view = self._view(uri)
        kept = {name: view[name] for name in ("uri", "cid", "author", "record", "labels", "indexedAt")}
        return {**kept, "reason": "hologram" if uri in self._estranged else reason, "isRead": True}

    def _on_searchPosts(self, query: Any, arrival: Arrival) -> Answer:
        """Newest first; also what only has the word, as searches do."""
        word = query["q"][0].removeprefix("#")
        uris = [uri for uri, post in self.posts.items() if word in post["record"]["text"].lower()]
        found = sorted((self._view(uri) for uri in uris), key=lambda view: str(view["indexedAt"]), reverse=True)
        at, limit = int(query.get("cursor", ["0"])[0]), int(query["limit"][0])
        following = {"cursor": str(at + limit)} if at + limit < len(found) else {}
        return _json({"posts": found[at : at + limit], **following})

    def _on_getPosts(self, query: Any, arrival: Arrival) -> Answer:
        shut = self.away.keys() | self.blocking
        seen = [uri for uri in query["uris"] if uri in self.posts and read_uri(uri).did not in shut]
        return _json({"posts": [self._view(uri) for uri in seen]})

    def _on_getAuthorFeed(self, query: Any, arrival: Arrival) -> Answer:
        ours = [uri for uri in self.posts if uri.startswith(f"at://{query['actor'][0]}/")]
        return _json({"feed": [{"post": self._view(uri)} for uri in reversed(ours)][: int(query["limit"][0])]})

    def _on_getPostThread(self, query: Any, arrival: Arrival) -> Answer:
        uri = query["uri"][0]
        if uri not in self.posts or read_uri(uri).did in self.away:
            return _error(400, "NotFound", "Post not found")
        if read_uri(uri).did in self.blocking:
            return _json({"thread": {"uri": uri, "blocked": True, "author": {"did": read_uri(uri).did}}})
        return _json({"thread": self._node(uri, int(query["depth"][0]), int(query["parentHeight"][0]))})

    def _node(self, uri: str, depth: int, height: int) -> dict[str, Any]:
        if uri not in self.posts:
            return {"uri": uri, "notFound": True}
        node: dict[str, Any] = {"$type": "app.bsky.feed.defs#threadViewPost", "post": self._view(uri)}
        parent = self.posts[uri]["record"].get("reply", {}).get("parent", {}).get("uri")
        if parent and height:
            node["parent"] = self._node(parent, 0, height - 1)
        if depth:
            node["replies"] = [self._node(each, depth - 1, 0) for each in self._answers(uri)]
        return node

    def _on_createRecord(self, query: Any, arrival: Arrival) -> Answer:
        told = arrival.json()
        uri, record = f"at://{told['repo']}/{told['collection']}/{told['rkey']}", told["record"]
        if uri in self.posts:
            return _error(500, "InternalServerError", "Internal Server Error")
        assert is_reserved(told["rkey"])
        self._store(uri, record, view=_viewed(record.get("embed")))
        self._posted.append(Posted(text=record["text"], visibility=Visibility.PUBLIC, record=record))
        return _json({"uri": uri, "cid": self.posts[uri]["cid"]})

    def _on_getRecord(self, query: Any, arrival: Arrival) -> Answer:
        uri = f"at://{query['repo'][0]}/{query['collection'][0]}/{query['rkey'][0]}"
        if uri in self.posts:
            return _json({"uri": uri, "cid": self.posts[uri]["cid"], "value": self.posts[uri]["record"]})
        if uri in self.records:
            return _json({"uri": uri, "cid": "bafyrecord", "value": self.records[uri]})
        return _error(400, "RecordNotFound", "Could not locate record")

    def _on_putRecord(self, query: Any, arrival: Arrival) -> Answer:
        told = arrival.json()
        uri = f"at://{told['repo']}/{told['collection']}/{told['rkey']}"
        self.records[uri] = told["record"]
        return _json({"uri": uri, "cid": "bafyrecord"})

    def _on_deleteRecord(self, query: Any, arrival: Arrival) -> Answer:
        told = arrival.json()
        uri = f"at://{told['repo']}/{told['collection']}/{told['rkey']}"
        self.records.pop(uri, None)
        self.posts.pop(uri, None)
        return _json({})

    def _on_createBookmark(self, query: Any, arrival: Arrival) -> Answer:
        told = arrival.json()
        assert told["cid"] == self.posts[told["uri"]]["cid"]
        self.viewers.setdefault(told["uri"], {})["bookmarked"] = True
        return Answer(status=200, headers={"Connection": "close"})

    def _on_deleteBookmark(self, query: Any, arrival: Arrival) -> Answer:
        self.viewers.setdefault(arrival.json()["uri"], {})["bookmarked"] = False
        return Answer(status=200, headers={"Connection": "close"})

    def _on_uploadBlob(self, query: Any, arrival: Arrival) -> Answer:
        self.blobs.append((arrival.body, arrival.headers["Content-Type"]))
        link = {"$link": f"bafyblob{len(self.blobs)}"}
        blob = {"$type": "blob", "ref": link, "mimeType": self.blobs[-1][1], "size": len(arrival.body)}
        return _json({"blob": blob})

    # --- direct messages --------------------------------------------------------------------------------------------

    def _chat(self, name: str, query: Any, arrival: Arrival) -> Answer:
        assert arrival.headers["atproto-proxy"] == "did:web:api.bsky.chat#bsky_chat"
        if self.chat == "scope":
            return _error(400, "InvalidToken", "Bad token method")
        if self.chat == "down":
            return _error(500, "InternalServerError", "Internal Server Error")
        answer: Answer = getattr(self, "_chat_" + name)(query, arrival)
        return answer

    def _chat_getLog(self, query: Any, arrival: Arrival) -> Answer:
        after = query.get("cursor", [None])[0]
        logs = [event for event in self.log if after is not None and event["rev"] >= after]
        return _json({"logs": logs, "cursor": self.log[-1]["rev"] if self.log else after or "0"})

    def _chat_listConvos(self, query: Any, arrival: Arrival) -> Answer:
        return _json({"convos": [self._convo(id) for id in self.convos if self._is_accepted(id)]})

    def _chat_listConvoRequests(self, query: Any, arrival: Arrival) -> Answer:
        """Also what we asked for ourselves, which is no conversation."""
        ours = {
            "$type": "chat.bsky.group.defs#joinRequestConvoView",
            "convoId": "g0",
            "name": "Dyers",
            "memberCount": 3,
        }
        return _json({"requests": [ours, *(self._convo(id) for id in self.convos if not self._is_accepted(id))]})

    def _is_accepted(self, convo: str) -> bool:
        return bool(self.convos[convo]["status"] == "accepted")

    def _chat_getConvo(self, query: Any, arrival: Arrival) -> Answer:
        return _json({"convo": self._convo(query["convoId"][0])})

    def _chat_getConvoForMembers(self, query: Any, arrival: Arrival) -> Answer:
        other = query["members"][0]
        id = f"convo-{other.rpartition(':')[2]}"
        if id not in self.convos:
            self._opens(id, other)
        return _json({"convo": self._convo(id)})

    def _chat_getMessages(self, query: Any, arrival: Arrival) -> Answer:
        return _json({"messages": list(reversed(self.messages.get(query["convoId"][0], ())))})

    def _chat_sendMessage(self, query: Any, arrival: Arrival) -> Answer:
        told = arrival.json()
        answers = told["message"].get("replyTo", {}).get("messageId", "")
        id = self.writes_directly(
            ME, told["message"]["text"], convo=told["convoId"], answers=answers and f"dm:{told['convoId']}/{answers}"
        )
        self._posted.append(Posted(text=told["message"]["text"], visibility=Visibility.DIRECT, record=told["message"]))
        return _json(next(each for each in self.messages[told["convoId"]] if id.endswith(f"/{each['id']}")))

    def _chat_acceptConvo(self, query: Any, arrival: Arrival) -> Answer:
        self.accepts(arrival.json()["convoId"])
        return _json({})

    def _convo(self, id: str) -> dict[str, Any]:
        told = {name: value for name, value in self.convos[id].items() if name != "others"}
        return {**told, "members": [self._profile(ME), *map(self._profile, self.convos[id]["others"])]}

    def _logs(self, kind: str, convo: str, message: Mapping[str, Any] | None = None) -> None:
        self.log.append({"$type": f"{CHAT}#logDreamtOf", "rev": self._rev(), "convoId": convo})
        event: dict[str, Any] = {"$type": f"{CHAT}#{kind}", "rev": self._rev(), "convoId": convo}
        self.log.append(event | ({"message": message} if message else {}))

    # --- views ------------------------------------------------------------------------------------------------------

    def _store(self, uri: str, record: Mapping[str, Any], *, view: Any = None) -> None:
        self._count += 1
        known = self.posts.get(uri, {})
        indexed = min(_written(self.clock()), str(record["createdAt"]))
        self.posts[uri] = {
            "uri": uri,
            "cid": f"bafyrei{self._count:024d}",
            "record": dict(record),
            "indexedAt": known.get("indexedAt", indexed),
            "embed": view if view is not None else known.get("embed"),
        }

    def _view(self, uri: str) -> dict[str, Any]:
        post = self.posts[uri]
        view = {
            **{name: post[name] for name in ("uri", "cid", "record", "indexedAt")},
            "author": self._profile(read_uri(uri).did),
            "labels": [],
            "viewer": {"threadMuted": False, "bookmarked": False, **self.viewers.get(uri, {})},
            "replyCount": len(self._answers(uri)),
        }
        if post["embed"] is not None:
            view["embed"] = post["embed"]
        gate = self.records.get(uri.replace(POST, "app.bsky.feed.threadgate"))
        if gate is not None:
            view["threadgate"] = {"record": gate}
        if uri in self._garbled:
            return view | {"author": None, "record": {**post["record"], "createdAt": "yesterday at noon"}}
        if uri in self._estranged:
            return view | {"embed": {"$type": "app.bsky.embed.hologram#view", "record": 7}, "new": [{"x": None}]}
        return view

    def _profile(self, did: str) -> dict[str, Any]:
        handle, name = PEOPLE[did]
        known = {"did": did, "handle": handle, "displayName": name, "viewer": {"muted": False, "blockedBy": False}}
        return known | self.people[did]

    def _answers(self, uri: str) -> list[str]:
        return [
            each
            for each, post in self.posts.items()
            if post["record"].get("reply", {}).get("parent", {}).get("uri") == uri
        ]

    def _refs(self, parent: str) -> dict[str, Any]:
        above = self.posts.get(parent, {"uri": parent, "cid": "bafygone", "record": {}})
        ref = {"uri": parent, "cid": above["cid"]}
        return {"root": above["record"].get("reply", {}).get("root", ref), "parent": ref}

    def _key(self) -> str:
        """A key as other apps make them: one that does not look like ours."""
        while True:
            self._count += 1
            number = to_micros(self.clock()) + self._count << 10 | 7
            key = "".join(_LETTERS[number >> shift & 31] for shift in range(60, -1, -5))
            if not is_reserved(key):
                return key

    def _rev(self) -> str:
        self._count += 1
        return f"3l{self._count:011d}"


def _viewed(embed: Any) -> dict[str, Any] | None:
    """What a server makes of pictures and cards for readers."""
    if not isinstance(embed, dict):
        return None
    if embed.get("$type") == "app.bsky.embed.external":
        told = embed["external"] | ({"thumb": "https://cdn.test/thumb.jpg"} if "thumb" in embed["external"] else {})
        return {"$type": "app.bsky.embed.external#view", "external": told}
    if embed.get("$type") != "app.bsky.embed.images":
        return None
    images = [{"fullsize": f"https://cdn.test/{i}.jpg", "alt": each["alt"]} for i, each in enumerate(embed["images"])]
    return {"$type": "app.bsky.embed.images#view", "images": images}


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    chosen = {"Content-Type": "application/json; charset=utf-8", "Connection": "close", **(headers or {})}
    return Answer(status=status, headers=chosen, body=json.dumps(content).encode())


def _error(status: int, error: str, message: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _json({"error": error, "message": message}, status, named)


def _page(status: int) -> Answer:
    headers = {"Content-Type": "text/html", "Connection": "close"}
    return Answer(status=status, headers=headers, body=b"<!doctype html><title>Just a moment</title>")
