"""The contract itself: what a connector declares, is given, and implements."""

from __future__ import annotations

import dataclasses
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from hub.connector.incoming import Author, Page
from hub.connector.outgoing import Action, Measure, Outgoing, Part, Plan, Receipt, Target, Upload
from hub.connector.webhook import Accepted, Delivery
from hub.connector.words import Limits, Visibility
from hub.errors import Gone

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    from hub.kernel.clock import Clock
    from hub.kernel.http import Door

API_VERSION = 1
"""The version of this contract. A plugin built for another one is listed by `hub plugins` and not loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a connection test found: who we are there, and what this account and server can do.

    warnings: short machine words (`cannot_moderate`), worded for people by us; how many it is about may follow after a
        colon (`notifications_held_back:12`).
    """

    account: Author
    title: str = ""
    limits: Limits = field(default_factory=dict)
    can_send: bool = True
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What this kind of connector can do; the contract kit proves each claim and refuses silent ones.

    send: it answers. reconcile: it can look up whether a send arrived. reserves: it sends under an id we choose.
    threads: it tells parents. edits, deletes: it notices them. actions: what `act` takes.
    attachments: how many pictures go with one post. quotes: a reply may be sent as a quote of the message.
    content_warnings: a reply may carry one. listens: `listen` notices news at once.
    signs_in: the account is connected on the network's own page, by `begin_sign_in` and `finish_sign_in`.
    webhook: other systems post to an address of the channel's own; `receive` checks what they post.
    only_delivered: nothing can be asked for: all that `pull` tells are the deliveries it was handed.
    """

    send: bool = False
    reconcile: bool = False
    reserves: bool = False
    threads: bool = False
    edits: bool = False
    deletes: bool = False
    actions: frozenset[str] = frozenset()
    visibilities: tuple[Visibility, ...] = (Visibility.PUBLIC,)
    attachments: int = 0
    quotes: bool = False
    content_warnings: bool = False
    listens: bool = False
    signs_in: bool = False
    webhook: bool = False
    only_delivered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Where a person signs in at the network, and what `finish_sign_in` needs of it; kept sealed until then.

    url: without the `state` of OAuth, which we add, check and take out again: it is bound to the person's session and
    good for a quarter of an hour, once. state: the connector's own (a verifier, an app's name).
    """

    url: str
    state: str


class Memory:
    """What a connector keeps for itself from call to call: a session that its network renews. At most 64 KB of text.

    All instances of a channel in one process share it. It is sealed like a secret when the call has ended, so what is
    lost when the machine dies in between must be recoverable. Other processes may write at the same time: the text
    written last is kept. It is empty when the channel's settings changed.

    version: when the text was written, in microseconds; 0 for an empty one.
    """

    MOST_CHARACTERS = 64 * 1024

    def __init__(self, text: str = "", *, version: int = 0, micros: Callable[[], int] = lambda: 0) -> None:
        self._text = text
        self._version = version
        self._micros = micros
        self._lock = threading.RLock()

    def read(self) -> str:
        """Return what was written last, by whichever instance; empty at first."""
        with self._lock:
            return self._text

    def write(self, text: str) -> None:
        """Keep another text. Raises ValueError when it is too long."""
        if len(text) > self.MOST_CHARACTERS:
            raise ValueError(f"a memory holds at most {self.MOST_CHARACTERS} characters")
        with self._lock:
            if text != self._text:
                self._text, self._version = text, max(self._version + 1, self._micros())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other instance in this process read or write meanwhile: a session is renewed by one of them."""
        with self._lock:
            yield

    def learn(self, text: str, version: int) -> None:
        """For the hub: what another process wrote, unless what is here is newer."""
        with self._lock:
            if version > self._version:
                self._text, self._version = text, version

    def newer_than(self, version: int) -> tuple[str, int] | None:
        """For the hub: the text and its version, when it was written after that one."""
        with self._lock:
            return (self._text, self._version) if self._version > version else None


class Uploads(Protocol):
    """The pictures that go with replies."""

    def read(self, upload: Upload) -> bytes:
        """Return its bytes. Raises Gone when they are not there any more."""


class NoUploads:
    """For a connector that sends no pictures, and for tests of one."""

    def read(self, upload: Upload) -> bytes:
        raise Gone("upload", detail=upload.id)


def no_deliveries() -> tuple[Delivery, ...]:
    """For a connector that has no webhook, and while none of its deliveries waits."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a connector is given to work with. It holds no door to the hub's own database."""

    http: Door
    clock: Clock
    log: logging.Logger
    data: Path
    """A folder the plugin may keep files in, below HUB_DATA."""
    memory: Memory = field(default_factory=Memory)
    uploads: Uploads = field(default_factory=NoUploads)
    deliveries: Callable[[], tuple[Delivery, ...]] = no_deliveries
    """During a pull: what was received and no page has named yet in its `deliveries`, oldest first, some at a time."""


def setting(
    label: str,
    *,
    help: str = "",
    secret: bool = False,
    kind: str = "text",
    default: Any = dataclasses.MISSING,
    choices: Mapping[str, str] | None = None,
    group: str = "",
    generate: Callable[[bytes], str] | None = None,
) -> Any:
    """Declare one field of a connector's Settings: the form, the CLI option and the redaction follow from it.

    kind: text, url, number, choice, channel (the id of another channel, which must be able to send).
    secret: encrypted at rest, never shown again.
    group: a heading that neighbouring fields stand under, folded until somebody needs them.
    generate: makes a fresh value of 32 random bytes, offered while the channel is connected.
    """
    metadata = {"label": label, "help": help, "secret": secret, "kind": kind, "choices": dict(choices or {})}
    return field(default=default, metadata={**metadata, "group": group, "generate": generate})


class Connector(ABC):
    """One account on one network. The constructor does no I/O; an instance is used by one thread at a time.

    A subclass declares `kind`, `label`, `Settings` and `features`, and implements what it declares. Failures are
    raised as the errors of hub.errors; anything else counts as a bug of the plugin.

    people_at: the one host that has the pages of everybody on this network, where a name that looks like a host
    (`@lena.example`) leads; empty where people choose their server.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    Settings: ClassVar[type[Any]]
    features: ClassVar[Features] = Features()
    people_at: ClassVar[str] = ""
    api_version: ClassVar[int] = API_VERSION

    def __init__(self, settings: Any, context: Context) -> None:
        self.settings = settings
        self.context = context

    @abstractmethod
    def check(self) -> Check:
        """Test the connection within ten seconds. Called before a channel is saved and on demand."""

    @abstractmethod
    def pull(self, cursor: str | None) -> Page:
        """Return the next page after `cursor`; None is the first pull. An unknown cursor means a safe re-scan."""

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        """Count the text in the network's units. Pure, offline, quick: it runs at every keystroke."""
        return Measure()

    @classmethod
    def companion_target(cls, target: Target) -> Target | None:
        """Name the same message as the channel knows it that answers for this one; None where it cannot be told."""
        return None

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        """Freeze how the reply goes out, with reserved ids made from `key`. May read, never writes."""
        return Plan(outgoing=outgoing, parts=(Part(text=outgoing.text, reserved=key),))

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        """Make ONE visible write, without retries of its own. `previous` is the receipt of the part before."""
        raise NotImplementedError(f"{self.kind} declares no send")

    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        """Look whether a part arrived. None: surely not. Ambiguous: cannot tell."""
        raise NotImplementedError(f"{self.kind} declares no reconcile")

    def act(self, action: Action) -> None:
        """Do one of `features.actions`. Doing it twice is the same as once."""
        raise NotImplementedError(f"{self.kind} declares no actions")

    def listen(self, wake: Callable[[], None], stop: threading.Event) -> None:
        """Call `wake` when there is news, until `stop` is set: a pull follows, so nothing else is told.

        Runs in a thread and an instance of its own. Returns or raises when the connection ends; it is called again,
        later and later, and each time a pull comes first.
        """
        raise NotImplementedError(f"{self.kind} declares no listening")

    def receive(self, delivery: Delivery) -> Accepted:
        """Check who posted this (signature over the raw bytes, time) within a second, asking nobody.

        Raises Rejected when it does not come from whom it should: nothing of it is kept. What its body says is read
        by `pull`.
        """
        raise NotImplementedError(f"{self.kind} declares no webhook")

    def begin_sign_in(self, redirect_uri: str) -> SignIn:
        """Say where the person signs in, for settings that hold what the form asked before (the server's address).

        redirect_uri: each server's own, so that no other is handed its codes; register an app for exactly it.
        Secrets are empty. `context.memory` is shared by all who sign in at this kind of channel: what is learnt of a
        server (an app that was registered there) is kept for the next.
        """
        raise NotImplementedError(f"{self.kind} declares no sign-in")

    def finish_sign_in(self, state: str, query: Mapping[str, str]) -> Mapping[str, str]:
        """Return the settings won (a token) from what the network sent the person back with.

        Raises Misconfigured when the person declined or the answer does not belong to this sign-in.
        """
        raise NotImplementedError(f"{self.kind} declares no sign-in")

    def close(self) -> None:
        """Give back what the instance holds."""
