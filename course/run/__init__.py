"""Lessons executed, judged by their figures, and reported."""
