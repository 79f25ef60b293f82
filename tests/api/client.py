"""Programs that use the API: `programs.token("read")` makes one, `client.get("/conversations")` asks."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client, TestResponse

from hub.api import MOUNTED_AT, create_api
from hub.kernel.hub import Hub
from hub.people import tokens
from hub.people.model import OPERATOR, Agent, Role, Team, TokenScope
from hub.testing.fake import FakeNetwork
from tests.desk import Desk
from tests.people.crew import Crew

BASE = "/api/v1"


class Program:
    """Sends what a program sends, with its token; `client` is the bare one."""

    def __init__(self, app: Any, base_url: str, token: str) -> None:
        self.client = Client(app)
        self.base_url = base_url
        self.token = token

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.send("GET", path, query_string=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> TestResponse:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.send("POST", path, headers=headers, **({} if body is None else {"json": body}))

    def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.open(
            BASE + path,
            method=method,
            headers={**sent, **(headers or {})},
            **{"base_url": self.base_url, "buffered": True, **options},
        )


class Programs:
    """An installation with a desk, whose programs use the API."""

    def __init__(self, hub: Hub, fake: FakeNetwork) -> None:
        self.hub = hub
        self.fake = fake
        self.desk = Desk(hub, fake)
        self.crew = Crew(hub)
        self.app = DispatcherMiddleware(NotFound(), {MOUNTED_AT: create_api(hub, self.desk.connectors)})
        self.team = Team(id=self.desk.team, name="Care DACH")
        self.other_team = self.crew.team("Care Balkans")
        self._hired = 0

    def hire(self, role: Role = Role.AGENT, team: Team | None = None) -> Agent:
        self._hired += 1
        return self.crew.hire(f"Program{self._hired}", role, team or self.team)

    def of(self, agent: Agent, *scopes: TokenScope) -> Program:
        """A program of somebody's with these scopes, all where none is named."""
        _, text = tokens.create(self.hub, OPERATOR, agent.id, name="Test", scopes=scopes or tuple(TokenScope))
        return self.with_token(text)

    def start(self, role: Role = Role.AGENT, *scopes: TokenScope) -> Program:
        return self.of(self.hire(role), *scopes)

    def stranger(self, role: Role = Role.AGENT) -> Program:
        """A program of somebody in another team."""
        return self.of(self.hire(role, self.other_team))

    def with_token(self, token: str) -> Program:
        return Program(self.app, self.hub.config.base_url, token)
