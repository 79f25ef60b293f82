"""A visitor of the demo: starts it with one command, comes in by a printed link, answers without JavaScript."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator, Mapping
from html import unescape
from html.parser import HTMLParser

import requests

from tests.app.running import Installation
from tests.processes import end_group, start_program, wait_until

PASSWORD = "nine old kettles sing"
_SAYING_HOW_IT_ENDED = ["sh", "-c", '"$@"; echo "exit code $?"', "sh"]


class DemoInstallation(Installation):
    """`hub up --demo`; what it says at its end is in `said`, with its exit code."""

    @contextlib.contextmanager
    def running(self) -> Iterator[DemoInstallation]:
        command = [*_SAYING_HOW_IT_ENDED, sys.executable, "-m", "hub", "up", "--demo", "--port", str(self.port)]
        self.output.write_text("")
        program = start_program(command, log=self.output, env=self.environ)
        try:
            wait_until(self.is_ready, "hub up --demo", alive=program)
            yield self
        finally:
            end_group(program)

    @property
    def links(self) -> dict[str, str]:
        return dict(re.findall(r"Come in as (.+?) \(.+?\): (\S+)", self.said))


class Form(HTMLParser):
    """The fields of the form on a page that posts to an address ending in `to`."""

    def __init__(self, page: str, to: str = "") -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.action = ""
        self._to = to
        self._inside = False
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        action = given.get("action", "")
        if tag == "form" and given.get("method") == "post" and action.partition("?")[0].endswith(self._to):
            self.action, self._inside = action, True
        elif self._inside and tag == "input" and given.get("name") and _is_sent(given):
            self.fields[given["name"]] = given.get("value", "")
        elif self._inside and tag == "select":
            self._select = given["name"]
        elif self._inside and tag == "option" and (self._select not in self.fields or "selected" in given):
            self.fields[self._select] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def _is_sent(field: Mapping[str, str]) -> bool:
    """Whether a browser sends a field that nobody touched."""
    if field.get("type") in ("checkbox", "radio"):
        return "checked" in field
    return field.get("type") not in ("file", "submit", "button")


class Visitor:
    """A browser without JavaScript."""

    def __init__(self, demo: DemoInstallation) -> None:
        self.base = f"http://127.0.0.1:{demo.port}"
        self._browser = requests.Session()
        self._browser.trust_env = False

    def close(self) -> None:
        self._browser.close()

    def opens(self, address: str) -> str:
        answer = self._browser.get(address if address.startswith("http") else self.base + address, timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.text

    def comes_in(self, link: str) -> str:
        """Choose a password with a one-time link; returns the page that follows."""
        fields = Form(self.opens(link)).fields
        return self._posts(link, {**fields, "password": PASSWORD, "again": PASSWORD})

    def finds(self, words: str) -> str:
        """The address of the conversation in whose row these words stand."""
        rows = re.findall(r'<article class="row.*?</article>', self.opens("/inbox"), re.DOTALL)
        row = next(row for row in rows if words in unescape(row))
        return unescape(re.findall(r'href="([^"]*/conversations/\d+[^"]*)"', row)[0])

    def answers(self, conversation: str, text: str) -> str:
        form = Form(self.opens(conversation), to="/replies")
        return self._posts(self.base + form.action, {**form.fields, "text": text})

    def reads(self, conversation: str) -> list[str]:
        """The customers' messages on the page, as HTML."""
        found = re.findall(r'<article class="msg([^"]*)"(.*?)</article>', self.opens(conversation), re.DOTALL)
        return [body for classes, body in found if "out" not in classes.split()]

    def _posts(self, address: str, fields: dict[str, str]) -> str:
        answer = self._browser.post(address, data=fields, headers={"Origin": self.base}, timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.text
