"""What a connector may do besides: pictures, quotes, warnings, listening, and signing in at the network."""

from __future__ import annotations

import base64
import dataclasses
import threading
from dataclasses import replace
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

import pytest

from hub.connector import Connector, Context, Outgoing, Upload
from hub.errors import Gone, Misconfigured

from .answering import answer_to, outgoing, said, send
from .needs import needs
from .network import ArrivedWhole, FakeNetwork

_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_BACK = "https://hub.example/channels/sign-in"
_SECONDS_TO_WAKE = 30
_SECONDS_TO_STOP = 20


class SampleUploads:
    """Pictures for replies, as the kit's context has them: any id is a picture of one pixel."""

    def read(self, upload: Upload) -> bytes:
        if not upload.id.startswith("picture-"):
            raise Gone("upload", detail=upload.id)
        return _PICTURE


class Extras:
    """Tests of what only some networks have; each is there only when it is declared."""

    connector_class: ClassVar[type[Connector]]

    @needs("send", "content_warnings")
    def test_a_content_warning_goes_out_with_the_words(self, connector: Connector, network: FakeNetwork) -> None:
        send(connector, replace(answer_to(said(connector, network), "It was mould."), content_warning="mould"))
        assert [(arrival.text, arrival.warning) for arrival in arrived(network)] == [("It was mould.", "mould")]

    @needs("send", "quotes")
    def test_a_quote_shows_the_message_and_an_answer_does_not(self, connector: Connector, network: FakeNetwork) -> None:
        message = said(connector, network)
        send(connector, answer_to(message, "an answer"), key="key-1")
        send(connector, replace(answer_to(message, "a quote"), quote=True), key="key-2")
        assert [(arrival.text, arrival.quotes) for arrival in arrived(network)] == [
            ("an answer", False),
            ("a quote", True),
        ]

    @needs("send", "attachments")
    def test_pictures_go_out_in_order_with_their_descriptions(self, connector: Connector, network: FakeNetwork) -> None:
        most = min(connector.features.attachments, 4)
        send(connector, with_pictures(answer_to(said(connector, network)), most))
        (arrival,) = arrived(network)
        assert list(arrival.pictures) == [f"Cartridge {number}" for number in range(most)]

    @needs("send", "attachments")
    def test_one_picture_too_many_is_said_before_it_is_sent(self, connector: Connector) -> None:
        most = connector.features.attachments
        measure = self.connector_class.measure
        assert not measure(with_pictures(outgoing("Look"), most), {}).errors
        assert measure(with_pictures(outgoing("Look"), most + 1), {}).errors

    @needs("listens")
    def test_news_wakes_who_listens_until_told_to_stop(self, connector: Connector, network: FakeNetwork) -> None:
        woken, stop, failed = threading.Event(), threading.Event(), list[BaseException]()

        def listen() -> None:
            try:
                connector.listen(woken.set, stop)
            except BaseException as error:
                failed.append(error)

        listening = threading.Thread(target=listen, daemon=True)
        listening.start()
        for _ in range(_SECONDS_TO_WAKE):
            # Whatever was said before it had begun to listen is not news.
            network.says("hello")
            if woken.wait(1) or not listening.is_alive():
                break
        stop.set()
        listening.join(_SECONDS_TO_STOP)
        assert woken.is_set(), f"nothing was noticed: {failed}"
        assert not listening.is_alive(), "it goes on listening"

    @needs("signs_in")
    def test_signing_in_at_the_network_brings_settings_that_work(
        self, connector: Connector, network: FakeNetwork, settings: Any, context: Context
    ) -> None:
        begun = connector.begin_sign_in(_BACK)
        assert urlsplit(begun.url).scheme in ("http", "https")
        won = connector.finish_sign_in(begun.state, network.allows(begun.url))
        assert set(won) <= {field.name for field in dataclasses.fields(self.connector_class.Settings)}
        signed_in = self.connector_class(replace(settings, **won), context)
        assert signed_in.check().account.is_us
        signed_in.close()

    @needs("signs_in")
    def test_who_declines_to_sign_in_is_not_connected(self, connector: Connector, network: FakeNetwork) -> None:
        begun = connector.begin_sign_in(_BACK)
        for query in ({"error": "access_denied"}, {}):
            with pytest.raises(Misconfigured) as declined:
                connector.finish_sign_in(begun.state, query)
            assert declined.value.reason


def arrived(network: FakeNetwork) -> list[ArrivedWhole]:
    """The arrivals, of which a network has what its connector declares."""
    return [cast(ArrivedWhole, arrival) for arrival in network.arrivals()]


def with_pictures(reply: Outgoing, count: int) -> Outgoing:
    """The same reply with small pictures and their descriptions."""
    pictures = tuple(
        Upload(
            id=f"picture-{number}",
            media_type="image/png",
            size=len(_PICTURE),
            alt=f"Cartridge {number}",
            width=1,
            height=1,
        )
        for number in range(count)
    )
    return replace(reply, attachments=pictures)
