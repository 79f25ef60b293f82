"""The yardstick: the same work by raw sqlite3 and a bare Flask page. Not a style to follow."""
