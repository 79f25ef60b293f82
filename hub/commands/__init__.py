"""The commands of `hub`, by subject: each parses, calls one use case and prints. Heavy imports are inside functions."""
