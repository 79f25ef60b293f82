"""The Bluesky connector on Bluesky's own servers: PDS and AppView, run here. Direct messages are not among them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hub.connector import DeletedBy, Incoming, Kind, Memory
from hub.errors import AlreadySent, Ambiguous, AuthExpired, NotFound, Rejected, Unavailable
from hub.kernel.clock import system_clock
from hub.kernel.http import Door
from hub.kernel.http.connection import GuardedSocket, dial
from hub.testing.server import FakeServer
from tests.kernel.http.internet import PUBLIC
from tests.peers.bluesky import JWT_SECRET, BlueskyNetwork, Person
from tests.plugins.bluesky_channel import Channel
from tests.processes import wait_until

LIKE, REPOST, GATE = "app.bsky.feed.like", "app.bsky.feed.repost", "app.bsky.feed.threadgate"

Connect = Callable[..., Channel]


@pytest.fixture
def brand(bluesky: BlueskyNetwork) -> Person:
    """The account the channel answers as."""
    return bluesky.person()


@pytest.fixture
def lena(bluesky: BlueskyNetwork) -> Person:
    return bluesky.person()


@pytest.fixture
def connect(bluesky: BlueskyNetwork, brand: Person, tmp_path: Path) -> Iterator[Connect]:
    """Connects channels of the brand with an app password."""
    made: list[Channel] = []

    def connected(password: str = "", memory: Memory | None = None) -> Channel:
        password = password or brand.app_password(f"hub {len(made)}")
        made.append(Channel(bluesky.url, brand.handle, password, tmp_path, bluesky.host, memory=memory))
        return made[-1]

    yield connected
    for channel in made:
        channel.close()


@pytest.fixture
def channel(connect: Connect) -> Channel:
    """One that has read what was there before."""
    channel = connect()
    channel.pull()
    return channel


def came(bluesky: BlueskyNetwork, channel: Channel, *uris: str) -> list[Incoming]:
    """Pull until these came: an index is never at once."""
    bluesky.settle()

    def here() -> bool:
        channel.pull()
        return set(uris) <= channel.messages.keys()

    wait_until(here, "what was written")
    return [channel.messages[uri] for uri in uris]


# --- what comes in ----------------------------------------------------------------------------------------------------


def test_a_connection_tells_whose_it_is(connect: Connect, brand: Person) -> None:
    check = connect().connector.check()
    assert (check.account.id, check.account.handle, check.account.is_us) == (brand.did, f"@{brand.handle}", True)
    assert check.warnings == ("not_encrypted",)


def test_mentions_answers_and_quotes_come_each_as_what_they_are(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    ours = brand.posts("Ten weeks, whatever the water.")
    time.sleep(0.3)  # the servers tell nobody of an answer that comes within a fifth of a second
    answer = lena.posts("Even in Würzburg?", to=ours)
    mention = lena.posts(f"Grüße an @{brand.handle} 👋🏽 und danke!", naming=[brand])
    both = lena.posts(f"@{brand.handle} really?", to=ours, naming=[brand])
    quote = lena.posts("They say ten weeks.", quoting=ours)
    told = came(bluesky, channel, answer, mention, both, quote)
    assert [message.kind for message in told] == [Kind.REPLY, Kind.MENTION, Kind.REPLY, Kind.QUOTE]
    assert all(message.addressed for message in told)
    assert told[0].post is not None
    assert (told[0].post.text, told[0].parent_id) == ("Ten weeks, whatever the water.", ours)
    assert f'<a href="https://bsky.app/profile/{brand.did}">@{brand.handle}</a> 👋🏽' in str(told[1].html)
    assert "Ten weeks, whatever the water." in told[3].text
    assert not any(page.skipped for page in channel.pages)


def test_an_answer_nobody_was_told_of_is_found_in_the_thread(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    ours = brand.posts("Anything else?")
    at_once = lena.posts("First!", to=ours)
    (told,) = came(bluesky, channel, at_once)
    assert (told.kind, told.addressed, told.parent_id) == (Kind.REPLY, True, ours)


def test_what_was_there_before_is_history(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, connect: Connect
) -> None:
    early = lena.posts(f"Hello @{brand.handle}", naming=[brand])
    bluesky.settle()
    wait_until(lambda: ("mention", early) in brand.notified(), "the notification")
    channel = connect()
    assert early in channel.pull()
    assert all(page.history for page in channel.pages)
    assert not channel.step().history


def test_a_deep_thread_brings_what_stands_above(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    tom = bluesky.person()
    root = lena.posts("My filter is full of limescale.")
    middle = tom.posts("Mine too.", to=root)
    below = lena.posts("Who makes them?", to=middle)
    named = tom.posts(f"@{brand.handle} does.", to=below, naming=[brand])
    came(bluesky, channel, named, below, middle, root)
    assert [channel.messages[uri].addressed for uri in (root, middle, below, named)] == [False, False, False, True]
    assert {channel.messages[uri].root_id for uri in (middle, below, named)} == {root}


def test_an_edit_and_a_deletion_are_noticed(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    kept, gone = (lena.posts(f"@{brand.handle} {word}", naming=[brand]) for word in ("befor", "gone"))
    before, _ = came(bluesky, channel, kept, gone)
    lena.edits(kept, f"@{brand.handle} before")
    lena.deletes(gone)
    bluesky.settle()
    channel.pull()
    assert channel.messages[kept].text == f"@{brand.handle} before"
    assert channel.messages[kept].revision != before.revision
    assert channel.deleted == {gone: DeletedBy.UNAVAILABLE}
    channel.pull()
    assert channel.deleted == {gone: DeletedBy.AUTHOR}


def test_a_block_and_an_account_that_is_switched_off_are_told_apart_and_come_back(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    tom = bluesky.person()
    blocked, away = (person.posts(f"@{brand.handle} hello", naming=[brand]) for person in (lena, tom))
    came(bluesky, channel, blocked, away)
    block = lena.blocks(brand)
    tom.call("POST", "com.atproto.server.deactivateAccount", json={})

    def told() -> dict[str, DeletedBy]:
        bluesky.settle()
        channel.pull()
        return channel.deleted

    wait_until(lambda: told() == {blocked: DeletedBy.BLOCKED, away: DeletedBy.ACCOUNT}, "both to be told apart")
    lena.deletes(block)
    tom.call("POST", "com.atproto.server.activateAccount")
    channel.messages.clear()
    came(bluesky, channel, blocked, away)


def test_likes_from_the_app_are_noticed_and_that_they_were_taken_back(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    praise = lena.posts(f"@{brand.handle} is great", naming=[brand])
    came(bluesky, channel, praise)
    subject = {key: lena.record(praise)[key] for key in ("uri", "cid")}
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    marks = [brand.writes(mark, {"subject": subject, "createdAt": now}) for mark in (LIKE, REPOST)]

    def done() -> set[str]:
        bluesky.settle()
        channel.pull()
        return set(channel.messages[praise].done)

    wait_until(lambda: done() == {"like", "boost"}, "what was done in the app")
    for mark in marks:
        brand.deletes(mark)
    wait_until(lambda: done() == set(), "what was taken back in the app")
    assert set(channel.messages[praise].undone) == {"like", "boost", "bookmark"}


def test_a_quote_lets_go_of_our_post_and_a_fold_from_the_app_is_noticed(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    ours = brand.posts("Ten weeks, whatever the water.")
    time.sleep(0.3)
    quote, rude = lena.posts("They say.", quoting=ours), lena.posts("Rubbish.", to=ours)
    came(bluesky, channel, quote, rude)
    channel.act(quote, "hide", "hide")
    brand.writes(GATE, {"post": ours, "createdAt": "2026-01-01T00:00:00Z", "hiddenReplies": [rude]}, _key(ours))

    def hidden() -> list[str]:
        bluesky.settle()
        channel.pull()
        return [uri for uri in (quote, rude) if "hide" in channel.messages[uri].done]

    wait_until(lambda: hidden() == [quote, rude], "both to be hidden")
    assert lena.sees(quote)["embed"]["record"]["detached"]
    channel.act(quote, "unhide")
    channel.act(rude, "unhide")
    wait_until(lambda: hidden() == [], "both to be shown again")
    assert "Ten weeks" in lena.sees(quote)["embed"]["record"]["value"]["text"]


def test_pictures_labels_and_language_are_shown(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    embed = {"$type": "app.bsky.embed.images", "images": [{"image": _blob(lena), "alt": "A red square."}]}
    labels = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "graphic-media"}]}
    uri = lena.posts(f"@{brand.handle} schau", naming=[brand], embed=embed, labels=labels, langs=["de"])
    (told,) = came(bluesky, channel, uri)
    assert [attachment.alt for attachment in told.attachments] == ["A red square."]
    assert (told.language, told.content_warning) == ("de", "graphic media")


def test_what_is_said_under_a_hashtag_comes_in_whoever_it_names(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, tmp_path: Path
) -> None:
    tag = f"kettles{brand.did[-6:]}"
    channel = Channel(bluesky.url, brand.handle, brand.app_password(), tmp_path, bluesky.host, tags=tag)
    try:
        assert channel.connector.check().warnings == ("not_encrypted",)
        channel.pull()
        channel.pull()
        said = lena.posts(f"Which of them? #{tag}")
        (told,) = came(bluesky, channel, said)
    finally:
        channel.close()
    assert (told.kind, told.kind_raw, told.addressed) == (Kind.MENTION, "tag", True)


# --- what goes out ----------------------------------------------------------------------------------------------------


def test_an_answer_arrives_in_the_thread_with_its_links_and_its_author_is_told(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    question = lena.posts(f"@{brand.handle} how long?", naming=[brand])
    came(bluesky, channel, question)
    (receipt,) = channel.answer(question, f"Ten weeks 👍🏽 @{lena.handle}: https://brightwater.example/ü #hardwater")
    bluesky.settle()
    wait_until(lambda: ("mention", receipt.remote_id) in lena.notified(), "the notification")
    seen = lena.sees(receipt.remote_id)
    assert seen["record"]["reply"]["parent"]["uri"] == question
    written = seen["record"]["text"].encode()
    spots = [facet["index"] for facet in seen["record"]["facets"]]
    cut = [written[spot["byteStart"] : spot["byteEnd"]].decode() for spot in spots]
    assert cut == [f"@{lena.handle}", "https://brightwater.example/ü", "#hardwater"]
    assert seen["record"]["facets"][0]["features"][0]["did"] == lena.did
    assert seen["record"]["langs"] == ["en"]
    assert seen["cid"] == receipt.revision


def test_a_link_gets_a_card_with_its_picture_that_readers_see(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, tmp_path: Path
) -> None:
    question = lena.posts(f"@{brand.handle} which filter?", naming=[brand])
    with FakeServer() as shop:
        head = (
            '<title>Filters</title><meta name=description content="For hard water"><meta property=og:image content=/f>'
        )
        shop.on("GET", "/filters").answers(200, head, headers={"Content-Type": "text/html"})
        shop.on("GET", "/f").answers(200, a_picture())
        door = Door(allow=[bluesky.host], resolve=with_a_shop, open_socket=partial(to_the_shop, shop))
        channel = Channel(bluesky.url, brand.handle, brand.app_password(), tmp_path, door=door)
        try:
            came(bluesky, channel, question)
            (receipt,) = channel.answer(question, "This one: http://shop.example/filters")
        finally:
            channel.close()
    bluesky.settle()
    wait_until(lambda: lena.sees(receipt.remote_id), "the answer")
    card = lena.sees(receipt.remote_id)["embed"]["external"]
    assert (card["uri"], card["title"]) == ("http://shop.example/filters", "Filters")
    assert card["description"] == "For hard water"
    assert "/img/feed_thumbnail/" in card["thumb"]


def a_picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 32), "navy").save(out, "PNG")
    return out.getvalue()


def with_a_shop(host: str, port: int, *hints: int) -> Any:
    """A name in public beside this machine's own."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC if host == "shop.example" else "127.0.0.1", port))]


def to_the_shop(shop: FakeServer, ip: str, port: int, seconds: float) -> GuardedSocket:
    return dial(shop.host, shop.port, seconds) if ip == PUBLIC else dial(ip, port, seconds)


def test_a_long_answer_becomes_a_thread(bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel) -> None:
    question = lena.posts(f"@{brand.handle} how?", naming=[brand])
    came(bluesky, channel, question)
    sent = channel.answer(question, "Rinse it well, then wait for an hour. " * 20)
    records = {record["uri"]: record["value"] for record in brand.records()}
    assert len(sent) == len(records) == 3
    parents = [records[receipt.remote_id]["reply"]["parent"]["uri"] for receipt in sent]
    assert parents == [question, sent[0].remote_id, sent[1].remote_id]
    assert {records[receipt.remote_id]["reply"]["root"]["uri"] for receipt in sent} == {question}


def test_the_same_answer_is_never_there_twice(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    question = lena.posts(f"@{brand.handle} twice?", naming=[brand])
    came(bluesky, channel, question)
    plan, since = channel.plan(question, "Once."), datetime.now(UTC)
    assert channel.connector.reconcile(plan, 0, since) is None
    receipt = channel.connector.send(plan, 0, None)
    with pytest.raises(AlreadySent) as again:
        channel.connector.send(plan, 0, None)
    assert again.value.receipt.remote_id == receipt.remote_id
    found = channel.connector.reconcile(plan, 0, since)
    assert found is not None
    assert found.revision == receipt.revision
    assert len(brand.records()) == 1


def test_our_answer_comes_back_under_its_reserved_key_and_one_from_the_app_without(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    question = lena.posts(f"@{brand.handle} who?", naming=[brand])
    came(bluesky, channel, question)
    plan = channel.plan(question, "Us.")
    receipt = channel.connector.send(plan, 0, None)
    native = brand.posts("From the phone.", to=question)
    echo, from_the_phone = came(bluesky, channel, receipt.remote_id, native)
    assert (echo.author.is_us, echo.correlation) == (True, plan.parts[0].reserved)
    assert (from_the_phone.author.is_us, from_the_phone.correlation) == (True, None)


def test_pictures_go_along_with_their_descriptions(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    question = lena.posts(f"@{brand.handle} where?", naming=[brand])
    came(bluesky, channel, question)
    pictures = tuple(channel.picture(png(), f"Step {number}") for number in range(4))
    (receipt,) = channel.answer(question, "Like this:", attachments=pictures)
    bluesky.settle()
    wait_until(lambda: lena.sees(receipt.remote_id) is not None, "the answer")
    images = lena.sees(receipt.remote_id)["embed"]["images"]
    assert [image["alt"] for image in images] == ["Step 0", "Step 1", "Step 2", "Step 3"]
    assert images[0]["aspectRatio"] == {"width": 8, "height": 8}


def test_a_quote_is_a_post_of_our_own(bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel) -> None:
    praise = lena.posts(f"@{brand.handle} is great", naming=[brand])
    came(bluesky, channel, praise)
    (receipt,) = channel.answer(praise, "Thank you!", quote=True)
    bluesky.settle()
    wait_until(lambda: ("quote", receipt.remote_id) in lena.notified(), "the notification")
    assert "reply" not in lena.sees(receipt.remote_id)["record"]


def test_a_closed_thread_a_block_and_a_deleted_post_are_seen_before_anything_is_sent(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    tom = bluesky.person()
    closed, gone = (lena.posts(f"@{brand.handle} {word}", naming=[brand]) for word in ("closed", "gone"))
    shut = tom.posts(f"@{brand.handle} shut", naming=[brand])
    came(bluesky, channel, closed, gone, shut)
    lena.closes(closed)
    lena.deletes(gone)
    tom.blocks(brand)
    bluesky.settle()
    for uri, error, reasons in (
        (closed, Rejected, {"closed"}),
        (gone, NotFound, {"missing"}),
        (shut, Rejected, {"blocked_by_author"}),
    ):
        with pytest.raises(error) as refused:
            channel.answer(uri, "Sorry!", key=uri)
        assert refused.value.reason in reasons
    assert brand.records() == []


# --- what is done to a message ----------------------------------------------------------------------------------------


def test_likes_and_reposts_are_there_once_and_can_be_taken_back(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    praise = lena.posts(f"@{brand.handle} is great", naming=[brand])
    came(bluesky, channel, praise)
    channel.act(praise, "like", "like", "boost", "boost")
    assert [record["value"]["subject"]["uri"] for record in brand.records(LIKE)] == [praise]
    assert [record["value"]["subject"]["uri"] for record in brand.records(REPOST)] == [praise]
    bluesky.settle()
    channel.act(praise, "like", "unlike", "unlike", "unboost")
    assert brand.records(LIKE) == brand.records(REPOST) == []


def test_a_bookmark_is_set_removed_and_noticed_from_the_app(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    praise = lena.posts(f"@{brand.handle} thank you!", naming=[brand])
    (told,) = came(bluesky, channel, praise)

    def becomes(*, bookmarked: bool) -> None:
        bluesky.settle()
        wait_until(lambda: brand.sees(praise)["viewer"]["bookmarked"] is bookmarked, "the bookmark")
        channel.pull()
        assert ("bookmark" in channel.messages[praise].done) is bookmarked

    channel.act(praise, "bookmark", "bookmark")
    becomes(bookmarked=True)
    channel.act(praise, "unbookmark", "unbookmark")
    becomes(bookmarked=False)
    brand.call("POST", "app.bsky.bookmark.createBookmark", json={"uri": praise, "cid": told.revision})
    becomes(bookmarked=True)


def test_an_answer_below_our_post_can_be_hidden_and_shown_again_and_ours_deleted(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    ours = brand.posts("Any questions?")
    time.sleep(0.3)
    rude = lena.posts("Your filters are rubbish.", to=ours)
    came(bluesky, channel, rude)
    (receipt,) = channel.answer(rude, "Sorry to hear that.")
    channel.act(rude, "hide", "hide")
    assert [record["value"]["hiddenReplies"] for record in brand.records(GATE)] == [[rude]]
    channel.act(rude, "unhide")
    assert [record["value"]["hiddenReplies"] for record in brand.records(GATE)] == [[]]
    came(bluesky, channel, receipt.remote_id)
    channel.act(receipt.remote_id, "delete", "delete")
    assert [record["uri"] for record in brand.records()] == [ours]


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_that_ran_out_is_renewed_once_and_both_instances_go_on_with_it(channel: Channel) -> None:
    ran_out = expire(channel.memory)
    channel.another().pull(channel.cursor)
    renewed = json.loads(channel.memory.read())
    assert renewed["session"][3] != ran_out
    assert len(renewed["sign_ins"]) == 1
    channel.pull()
    assert json.loads(channel.memory.read()) == renewed


def test_a_renewal_that_was_not_stored_is_repeated(connect: Connect, brand: Person) -> None:
    first = connect()
    first.pull()
    expire(first.memory)
    before = first.memory.read()
    first.pull()
    password = first.connector.settings.app_password
    # The machine died before the renewed session was stored: another process begins with the old one.
    second = connect(password, Memory(before))
    second.pull()
    assert len(json.loads(second.memory.read())["sign_ins"]) == 1


def test_a_session_that_was_ended_is_made_anew_with_the_app_password(connect: Connect, brand: Person) -> None:
    channel = connect()
    channel.pull()
    refresh = json.loads(channel.memory.read())["session"][4]
    brand.network.call("POST", "com.atproto.server.deleteSession", headers={"Authorization": f"Bearer {refresh}"})
    expire(channel.memory)
    channel.pull()
    assert len(json.loads(channel.memory.read())["sign_ins"]) == 2


def test_an_app_password_that_was_revoked_asks_for_a_new_one(connect: Connect, brand: Person) -> None:
    channel = connect(brand.app_password("to be revoked"))
    channel.pull()
    brand.revokes("to be revoked")
    expire(channel.memory)
    with pytest.raises(AuthExpired) as ended:
        channel.pull()
    assert ended.value.reason == "wrong_app_password"
    with pytest.raises(AuthExpired) as refused:
        connect("not-a-good-one").connector.check()
    assert refused.value.field == "app_password"


def test_a_restart_of_the_server_costs_no_session_and_no_message(
    bluesky: BlueskyNetwork, brand: Person, lena: Person, channel: Channel
) -> None:
    question = lena.posts(f"@{brand.handle} before", naming=[brand])
    came(bluesky, channel, question)
    plan = channel.plan(question, "After.")
    memory = channel.memory.read()
    with bluesky.pds_down():
        with pytest.raises(Unavailable):
            channel.pull()
        with pytest.raises((Unavailable, Ambiguous)):
            channel.connector.send(plan, 0, None)
    channel.connector.send(plan, 0, None)
    came(bluesky, channel, lena.posts(f"@{brand.handle} after", naming=[brand]))
    assert len(brand.records()) == 1
    assert json.loads(channel.memory.read())["sign_ins"] == json.loads(memory)["sign_ins"]


# --- ------------------------------------------------------------------------------------------------------------------


def expire(memory: Memory) -> str:
    """Put an access token in that ran out an hour ago, signed as the server signs its own; returns it."""
    kept = json.loads(memory.read())
    head, body, _ = str(kept["session"][3]).split(".")
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    past = int((system_clock() - timedelta(hours=1)).timestamp())
    body = _base64(json.dumps({**claims, "iat": past - 7200, "exp": past}).encode())
    signature = hmac.new(JWT_SECRET, f"{head}.{body}".encode(), hashlib.sha256).digest()
    kept["session"][3] = f"{head}.{body}.{_base64(signature)}"
    memory.write(json.dumps(kept))
    return str(kept["session"][3])


def _key(uri: str) -> str:
    return uri.rpartition("/")[2]


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _blob(person: Person) -> Any:
    headers = {"Authorization": f"Bearer {person.token}", "Content-Type": "image/png"}
    return person.network.call("POST", "com.atproto.repo.uploadBlob", data=png(), headers=headers)["blob"]


def png() -> bytes:
    """Eight by eight pixels of red."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff\0\0" * 8) * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
