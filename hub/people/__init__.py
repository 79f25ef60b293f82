"""Who works here: agents, their roles and teams, how they sign in, and what each may do."""
