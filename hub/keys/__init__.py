"""Changes the key that protects the secrets of an installation."""
