"""A browser without a window: it keeps cookies, says where requests come from, and sends the forms it was shown."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.kernel.origin import Origin, origin_of
from hub.people.model import Agent
from hub.web.security import form_cookie, session_cookie
from tests.people.crew import Crew

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """`browser.enter(ana)` is signed in; `get` and `submit` do what a person does, `send` what an attacker may."""

    def __init__(self, app: Flask, crew: Crew) -> None:
        self.app = app
        self.crew = crew
        self.base_url = crew.hub.config.base_url
        self.client: FlaskClient = app.test_client()

    @property
    def origin(self) -> Origin:
        return origin_of(self.crew.hub.config)

    @property
    def session(self) -> str:
        """The token of the session cookie, empty when there is none."""
        cookie = self.client.get_cookie(session_cookie(self.origin), domain=self.origin.host)
        return cookie.value if cookie else ""

    def another(self) -> Browser:
        return Browser(self.app, self.crew)

    def enter(self, agent: Agent) -> Browser:
        return self.keep(self.crew.token(agent))

    def keep(self, token: str) -> Browser:
        """Put a session token into the cookie jar."""
        self.client.set_cookie(
            session_cookie(self.origin), token, domain=self.origin.host, secure=self.origin.is_secure
        )
        return self

    def get(self, path: str, **options: Any) -> TestResponse:
        options = {"base_url": self.base_url, "buffered": True, **options}
        return self.client.get(path, **options)

    def form_token(self) -> str:
        """What the forms of our pages carry for this browser now."""
        page = self.get("/account" if self.session else "/sign-in")
        found = _TOKEN.search(page.text)
        return found[1] if found else ""

    def submit(self, path: str, **fields: Any) -> TestResponse:
        """Send a form of ours: with its token and what a browser says about where it comes from."""
        return self.send(path, {"csrf_token": self.form_token(), **fields}, {"Sec-Fetch-Site": "same-origin"})

    def send(
        self, path: str, fields: dict[str, Any], headers: dict[str, str], *, method: str = "POST", **options: Any
    ) -> TestResponse:
        """Send exactly this."""
        options = {"base_url": self.base_url, "buffered": True, **options}
        return self.client.open(path, method=method, data=fields, headers=headers, **options)

    def has_form_cookie(self) -> bool:
        return self.client.get_cookie(form_cookie(self.origin), domain=self.origin.host) is not None
