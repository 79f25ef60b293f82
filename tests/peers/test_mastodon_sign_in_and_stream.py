"""Signing in, the stream and pictures on the emulator, which speaks OAuth and server-sent events itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hub_plugins.mastodon import Mastodon
from hub_plugins.mastodon.connector import MastodonSettings

from hub.connector import Context, Upload
from hub.errors import Misconfigured
from hub.kernel.http import Door
from tests.peers.mastodon import TIMEOUT, Emulator
from tests.plugins.mastodon_channel import Channel, SampleUploads

pytestmark = pytest.mark.timeout(600)  # the first time, it has to be fetched

BACK = "https://hub.example/channels/signed-in"
PATIENCE = 60.0


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def open_connector(mastodon_emulator: Emulator, tmp_path: Path) -> Iterator[Callable[[str], Mastodon]]:
    door = Door(allow=[mastodon_emulator.host])

    def make(token: str) -> Mastodon:
        context = Context(
            http=door, clock=now, log=logging.getLogger("hub.test"), data=tmp_path, uploads=SampleUploads()
        )
        return Mastodon(MastodonSettings(address=mastodon_emulator.url, token=token), context)

    yield make
    door.close()


def allow(url: str, username: str) -> dict[str, str]:
    """Press the button of somebody on the emulator's page; returns what the browser is sent back with."""
    parts = urlsplit(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    page = f"{parts.scheme}://{parts.netloc}{parts.path}"
    with requests.Session() as browser:
        browser.trust_env = False
        assert browser.get(url, timeout=TIMEOUT).ok
        fields = {name: asked[name] for name in ("client_id", "redirect_uri", "scope")}
        answer = browser.post(page, data={**fields, "username": username}, allow_redirects=False, timeout=TIMEOUT)
    location = answer.headers["Location"]
    assert location.startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_somebody_signs_in_on_an_emulator_and_the_token_works(open_connector: Callable[[str], Mastodon]) -> None:
    connector = open_connector("")
    leaving = connector.begin_sign_in(BACK)
    won = connector.finish_sign_in(leaving.state, allow(leaving.url, "lena"))
    found = open_connector(won["token"]).check()
    assert (found.account.handle, found.can_send, found.warnings) == ("@lena@localhost", True, ("not_encrypted",))


def test_a_code_an_emulator_never_gave_wins_nothing(open_connector: Callable[[str], Mastodon]) -> None:
    connector = open_connector("")
    leaving = connector.begin_sign_in(BACK)
    with pytest.raises(Misconfigured, match="invalid_grant"):
        connector.finish_sign_in(leaving.state, {"code": "made up"})


def test_an_emulator_wakes_us_and_lets_us_go(
    mastodon_emulator: Emulator, open_connector: Callable[[str], Mastodon]
) -> None:
    connector, stop = open_connector(mastodon_emulator.token("brightwater")), threading.Event()
    calls = threading.Semaphore(0)
    listening = threading.Thread(target=connector.listen, args=(calls.release, stop), daemon=True)
    listening.start()
    assert calls.acquire(timeout=PATIENCE)  # it begins with one
    for number in range(30):
        # What is said before the emulator counts us among its listeners wakes nobody.
        mastodon_emulator.posts("lena", f"@brightwater wake up {number}")
        if calls.acquire(timeout=2):
            break
    else:
        raise AssertionError("nobody was woken")
    stop.set()
    listening.join(PATIENCE)
    assert not listening.is_alive()


def test_a_picture_goes_out_on_an_emulator(mastodon_emulator: Emulator, tmp_path: Path) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater what does it look like?")
    token = mastodon_emulator.token("brightwater")
    channel = Channel(mastodon_emulator.url, token, tmp_path, mastodon_emulator.host, clock=now)
    channel.pull()
    outgoing = replace(
        channel.outgoing(asked, "Like this"),
        attachments=(Upload(id="cat", media_type="image/png", size=3, alt="A cat on a filter"),),
    )
    receipt = channel.connector.send(channel.connector.plan(outgoing, "picture-1"), 0, None)
    sent = next(each for each in mastodon_emulator.written_by("brightwater") if each["id"] == receipt.remote_id)
    assert [each["description"] for each in sent["media_attachments"]] == ["A cat on a filter"]
    channel.close()
