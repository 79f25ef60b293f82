"""Takes a whole installation out and brings it back: backup, restore, export, import."""
