"""The demo company's people, as many as a test needs: `crew.agent("Ana")`, `crew.team("Care DACH")`."""

from __future__ import annotations

from hub.kernel.hub import Hub
from hub.people import agents, sessions, teams
from hub.people.model import OPERATOR, Actor, Agent, Role, SignedIn, Team, actor_for

PASSWORD = "nine lamps of kvas"


class Crew:
    """Hires people into an installation. Without `password=True` they cannot sign in by password, which is quicker."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def team(self, name: str = "Care DACH") -> Team:
        return teams.create(self.hub, OPERATOR, name)

    def hire(self, name: str, role: Role, *in_teams: Team, password: bool = False) -> Agent:
        return agents.add(
            self.hub,
            OPERATOR,
            email=f"{name.lower()}@brightwater.example",
            name=name,
            role=role,
            team_ids=[team.id for team in in_teams],
            password=PASSWORD if password else None,
        )

    def admin(self, name: str = "Petra", *, password: bool = False) -> Agent:
        return self.hire(name, Role.ADMIN, password=password)

    def agent(self, name: str = "Ana", *in_teams: Team, password: bool = False) -> Agent:
        return self.hire(name, Role.AGENT, *in_teams, password=password)

    def now(self, agent: Agent) -> Agent:
        """The same person as the database has them by now."""
        return agents.find(self.hub, OPERATOR, agent.id)

    def actor(self, agent: Agent) -> Actor:
        return actor_for(self.now(agent))

    def token(self, agent: Agent) -> str:
        """A living session, without the work of a password."""
        with self.hub.database.transaction() as session:
            return sessions.start(session, self.hub, agent.id, user_agent="Firefox")

    def at_work(self, agent: Agent) -> SignedIn:
        found = sessions.find(self.hub, self.token(agent))
        assert found is not None
        return found
