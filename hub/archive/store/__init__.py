"""The SQL of archives: over any table of a database, and over the two tables a container has besides."""
