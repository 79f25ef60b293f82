"""What other systems post to a channel: its address, what came to it, and how that is told to its connector."""
