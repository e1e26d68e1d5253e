"""Checks of the exercises, one module a lesson.

A notebook imports its lesson's module as ``checks`` and calls one function an
exercise: ``checks.kl_divergence(kl_divergence)``.
"""
