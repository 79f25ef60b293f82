"""The tables of people: agents, teams, one-time links, sessions, rate limits."""
