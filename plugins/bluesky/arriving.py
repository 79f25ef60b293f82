"""Sending one part and finding out whether it arrived.

A server never refuses a post because of thread gates or blocks: it would be there, and nobody would see it. So what is
answered is looked at first. A key that is taken is answered like an outage: then we look whose record stands there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hub.connector import Outgoing, Plan, Receipt, Uploads, Visibility
from hub.errors import AlreadySent, Ambiguous, Gone, NotFound, Rejected, Unavailable

from . import composing, mapping
from .cards import Cards, with_picture
from .direct import Direct, MessageId, read_id
from .mapping import MALFORMED, POST, Me, Raw
from .reading import Reading
from .record_keys import read_uri
from .second_look import demand
from .server import LOOK, Server

_CLOCKS_APART = timedelta(minutes=2)


class Arriving:
    """Writes as one account."""

    def __init__(self, server: Server, reading: Reading, direct: Direct, uploads: Uploads, cards: Cards) -> None:
        self._server = server
        self._cards = cards
        self._reading = reading
        self._direct = direct
        self._uploads = uploads

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        if is_direct(plan.outgoing):
            return self._send_message(plan, part)
        record = self._with_card({**plan.parts[part].body["record"], **self._refer(plan, part, previous)}, plan, part)
        key = plan.parts[part].reserved or ""
        content = {"repo": self._server.session.did, "collection": POST, "rkey": key, "record": record}
        try:
            told = self._server.write("com.atproto.repo.createRecord", content)
        except Ambiguous as error:
            if error.reason != "server_error":
                raise
            # Either an outage, or the key is taken: by an earlier try of this very part.
            found = self._found(key, plan.parts[part].text)
            if found is None:
                raise
            raise AlreadySent(found) from error
        return _receipt(told, record)

    def find(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        """Look whether a part arrived; None: surely not."""
        if is_direct(plan.outgoing):
            return self._find_message(plan, part, since)
        return self._found(plan.parts[part].reserved or "", plan.parts[part].text)

    # --- posts --------------------------------------------------------------------------------------------------------

    def _refer(self, plan: Plan, part: int, previous: Receipt | None) -> dict[str, Any]:
        """What a record refers to, as it is now: what it answers or quotes, and the pictures it shows."""
        if previous is not None:
            return {"reply": composing.reply_to(self._own(previous.remote_id))}
        view = self._look_at(plan.outgoing)
        quoted = view if plan.outgoing.quote else None
        pictures = [
            (upload, self._server.upload(self._uploads.read(upload), upload.media_type))
            for upload in plan.outgoing.attachments
        ]
        embed = composing.embed_of(pictures, quoted)
        return {**({} if quoted else {"reply": composing.reply_to(view)}), **({"embed": embed} if embed else {})}

    def _with_card(self, record: dict[str, Any], plan: Plan, part: int) -> dict[str, Any]:
        """The record with the picture of its card, where it has one that can be had."""
        address = plan.parts[part].body.get("picture")
        picture = self._cards.picture(str(address), composing.PICTURE_BYTES) if address else None
        if picture is None:
            return record
        try:
            blob = self._server.upload(picture.body, picture.media_type)
        except Rejected:
            return record
        return {**record, "embed": with_picture(record["embed"], blob)}

    def _look_at(self, outgoing: Outgoing) -> Raw:
        """What is answered, when it can be. Raises NotFound, and Rejected where the answer would be seen by nobody."""
        view = demand(self._reading, outgoing.target.remote_id)
        rules = mapping.rules(view, Me(did=self._server.session.did))
        if rules.why_not == "blocked":
            raise Rejected("blocked_by_author")
        viewer = view.get("viewer") or {}
        if outgoing.quote and viewer.get("embeddingDisabled"):
            raise Rejected("quote_not_allowed")
        if not outgoing.quote and not rules.allowed:
            raise Rejected("closed")
        return view

    def _own(self, uri: str) -> Raw:
        """The part before, from our own repository: it may not be indexed yet. Raises Gone."""
        record = self._record(read_uri(uri).key)
        if record is None:
            raise Gone("previous_part_deleted")
        return record

    def _found(self, key: str, text: str) -> Receipt | None:
        record = self._record(key)
        if record is None:
            return None
        value = record.get("value")
        if not isinstance(value, dict) or value.get("text") != text:
            raise Ambiguous("another_record")
        return _receipt(record, value)

    def _record(self, key: str) -> Raw | None:
        params = {"repo": self._server.session.did, "collection": POST, "rkey": key}
        try:
            return self._server.query("com.atproto.repo.getRecord", params, limits=LOOK).content
        except NotFound:
            return None

    # --- direct messages ----------------------------------------------------------------------------------------------

    def _send_message(self, plan: Plan, part: int) -> Receipt:
        convo = self._convo(plan.outgoing)
        content = {"convoId": convo, "message": plan.parts[part].body["message"]}
        told = self._server.write("chat.bsky.convo.sendMessage", content, chat=True)
        try:
            return _message_receipt(convo, told)
        except MALFORMED as error:
            raise Ambiguous("not_json") from error

    def _convo(self, outgoing: Outgoing) -> str:
        """The conversation to write into. A message of one has to be there still; a request is accepted thereby."""
        known = read_id(outgoing.target.remote_id)
        if known is None:
            return self._convo_with(outgoing.target.author.id)
        params = {"convoId": known.convo}
        told = self._server.query("chat.bsky.convo.getConvo", params, chat=True, limits=LOOK).content
        convo = told.get("convo") or {}
        if convo.get("status") == "request":
            self._accept(known.convo)
        return known.convo

    def _convo_with(self, did: str) -> str:
        """The conversation with one person. Raises Rejected when they take no messages from us."""
        answer = self._server.ask(
            "GET", "chat.bsky.convo.getConvoForMembers", params={"members": [did]}, chat=True, limits=LOOK
        )
        if answer.status == 200:
            return str((answer.json().get("convo") or {}).get("id"))
        error = self._server.refusal(answer)
        if isinstance(error, Unavailable) and error.reason == "unexpected_answer":
            raise Rejected("reply_not_allowed", detail=error.detail)
        raise error

    def _accept(self, convo: str) -> None:
        """Done twice it is the same as once."""
        try:
            self._server.write("chat.bsky.convo.acceptConvo", {"convoId": convo}, chat=True)
        except Ambiguous as error:
            raise Unavailable(error.reason, detail=error.detail) from error

    def _find_message(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        """Our own message of these words since then, below what it answers; nothing else tells it from another."""
        convo, answered = self._convo(plan.outgoing), read_id(plan.outgoing.target.remote_id)
        for message in self._direct.messages(convo):
            if answered is not None and message.get("id") == answered.message:
                return None
            try:
                ours = message["sender"]["did"] == self._server.session.did
                sent_at = mapping.instant(message["sentAt"])
            except MALFORMED:
                continue
            if ours and message.get("text") == plan.parts[part].text and sent_at >= since - _CLOCKS_APART:
                return _message_receipt(convo, message)
        return None


def is_direct(outgoing: Outgoing) -> bool:
    return outgoing.visibility is Visibility.DIRECT


def _receipt(told: Mapping[str, Any], record: Raw) -> Receipt:
    try:
        uri = read_uri(str(told["uri"]))
        at = mapping.instant(record["createdAt"])
        link = mapping.permalink(uri.did, uri.key)
        return Receipt(remote_id=str(uri), at=at, permalink=link, revision=str(told["cid"]))
    except MALFORMED as error:
        raise Ambiguous("not_json") from error


def _message_receipt(convo: str, message: Raw) -> Receipt:
    return Receipt(
        remote_id=str(MessageId(convo=convo, message=str(message["id"]))), at=mapping.instant(message["sentAt"])
    )
