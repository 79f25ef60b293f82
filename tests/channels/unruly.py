"""A plugin that does what its settings tell it to, however bad; KIND is replaced where it is installed."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub import (
    Author,
    Check,
    Connector,
    Features,
    Incoming,
    Kind,
    Measure,
    Outgoing,
    Page,
    Plan,
    Receipt,
    hookimpl,
    setting,
)
from hub.errors import AlreadySent, Unavailable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    does: str = setting("What it does", default="works")
    gate: str = setting("A file it waits for", default="")
    password: str = setting("Password", secret=True, default="")


class BadlyTold(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def message(number: int = 1, **fields: Any) -> Incoming:
    return Incoming(
        **{
            "remote_id": f"m{number}",
            "revision": "1",
            "kind": Kind.MENTION,
            "author": Author(id="lena"),
            "text": "hello",
            "created_at": datetime(2026, 3, 2, 9, tzinfo=UTC),
            **fields,
        }
    )


class Unruly(Connector):
    kind = "KIND"
    label = "Unruly"
    Settings = Settings
    features = Features(send=True)

    def check(self) -> Check:
        print("checking with", self.settings.password)
        return Check(account=Author(id=self.settings.password or "us", is_us=True))

    def pull(self, cursor: str | None) -> Page:
        done: Page = getattr(self, self.settings.does)(cursor)
        return done

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Any) -> Measure:
        return Measure()

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        self._wait()
        Path(self.settings.gate + ".written").touch()
        return Receipt(remote_id="r1", at=datetime(2026, 3, 2, 9, tzinfo=UTC))

    def works(self, cursor: Any) -> Page:
        return Page(cursor="1", messages=(message(),))

    def raises(self, cursor: Any) -> Page:
        raise KeyError("somebody's words")

    def exits(self, cursor: Any) -> Page:
        sys.exit(3)

    def is_badly_told(self, cursor: Any) -> Page:
        raise BadlyTold

    def says_surrogates(self, cursor: Any) -> Page:
        raise Unavailable("down", detail="half a \ud83d pair")

    def names_no_instant(self, cursor: Any) -> Page:
        raise Unavailable("down", retry_at=datetime(2026, 3, 2, 9))  # noqa: DTZ001

    def fills_errors_with_rubbish(self, cursor: Any) -> Page:
        raise AlreadySent({"surprise": object()})  # type: ignore[arg-type]

    def dies(self, cursor: Any) -> Page:
        os._exit(9)

    def closes_its_pipe(self, cursor: Any) -> Page:
        os.closerange(3, 100)
        return self.works(cursor)

    def returns_nothing(self, cursor: Any) -> Any:
        return None

    def returns_another_type(self, cursor: Any) -> Any:
        return Check(account=Author(id="us"))

    def returns_no_data(self, cursor: Any) -> Any:
        return Page(cursor="1", messages=(object(),))  # type: ignore[arg-type]

    def returns_wrong_fields(self, cursor: Any) -> Any:
        return Page(cursor=7)  # type: ignore[arg-type]

    def returns_naive_instants(self, cursor: Any) -> Page:
        return Page(cursor="1", messages=(message(created_at=datetime(2026, 3, 2, 9)),))  # noqa: DTZ001

    def returns_seventy_megabytes(self, cursor: Any) -> Page:
        return Page(cursor="1", messages=(message(text="x" * 70_000_000),))

    def floods(self, cursor: Any) -> Page:
        return Page(cursor="1", messages=tuple(message(number) for number in range(100_000)))

    def hoards(self, cursor: Any) -> Page:
        return Page(cursor=str(len(bytearray(3 * 1024**3))))

    def speaks_in_halves(self, cursor: Any) -> Page:
        return Page(cursor="1", messages=(message(text="half a \ud83d pair", raw={"\udc00": ["\ud83d"]}),))

    def prints(self, cursor: Any) -> Page:
        print("\x00\x00\x00\x05 on stdout", flush=True)
        print("my password is", self.settings.password, flush=True)
        print(repr({"password": self.settings.password}), file=sys.stderr, flush=True)
        self.context.log.warning("signed in with %s", self.settings.password)
        os.write(1, self.settings.password.encode() + b"\n")
        return self.works(cursor)

    def chatters(self, cursor: Any) -> Page:
        for number in range(5000):
            print("line", number)
        print("the last line", flush=True)
        return self.works(cursor)

    def waits(self, cursor: Any) -> Page:
        self._wait()
        return self.works(cursor)

    def never_returns(self, cursor: Any) -> Page:
        while True:
            time.sleep(60)

    def holds_the_interpreter(self, cursor: Any) -> Page:
        re.match(r"(a+)+$", "a" * 64 + "b")
        return self.works(cursor)

    def tells_its_environment(self, cursor: Any) -> Page:
        return Page(cursor=" ".join(sorted(os.environ)))

    def tells_its_number(self, cursor: Any) -> Page:
        return Page(cursor=str(os.getpid()))

    def _wait(self) -> None:
        Path(self.settings.gate + ".begun").touch()
        while not Path(self.settings.gate).exists():
            time.sleep(0.01)


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    register(Unruly)
