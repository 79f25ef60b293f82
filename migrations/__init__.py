"""The schema of Hubbub, step by step. Steps are never edited once released."""
