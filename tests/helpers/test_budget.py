"""Fast mode is one switch, and what is given wins over it."""

import pytest

from helpers.budget import budget, fast_mode


@pytest.mark.parametrize(
    ("variables", "fast"),
    [
        ({}, False),
        ({"COURSE_FAST": "1"}, True),
        ({"COURSE_FAST": "true"}, True),
        ({"COURSE_FAST": " Yes"}, True),
        ({"COURSE_FAST": "0"}, False),
        ({"COURSE_FAST": ""}, False),
        ({"COURSE_FAST": "false"}, False),
        ({"NBGRADER_EXECUTION": "autograde"}, True),
        ({"NBGRADER_EXECUTION": "validate"}, False),
        ({"BINDER_REPO_URL": "https://example.org"}, True),
        ({"BINDER_REPO_URL": "https://example.org", "COURSE_FAST": "0"}, False),
    ],
)
def test_fast_mode_is_one_switch(variables, fast, slow_mode, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert fast_mode() is fast


def test_what_is_given_wins_over_the_budget(slow_mode, monkeypatch, capsys):
    assert budget("epochs", None, full=20, fast=1) == 20
    monkeypatch.setenv("COURSE_FAST", "1")
    assert budget("epochs", None, full=20, fast=1) == 1
    assert budget("epochs", 20, full=20, fast=1) == 20
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("(")[1] for line in lines] == [
        "full run)",
        "fast mode)",
        "given)",
    ]
