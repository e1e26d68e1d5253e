"""Tests that try a check by hand leave word for the matrix, too (see trial.py)."""
