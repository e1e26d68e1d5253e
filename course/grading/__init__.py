"""Grading: whose files, what they earn, and what is said about it."""
