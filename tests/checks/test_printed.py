"""What an answer prints costs nothing: no stderr is left, and a note says it."""

import logging
import os
import subprocess
import sys
import warnings

import pytest
from tqdm import tqdm

from helpers.checks.base import CheckFailed, check

HELD = []


@check("printing")
def printing(function, draw):
    function()


def warned():
    warnings.warn("size_average is deprecated", UserWarning, stacklevel=1)


def a_bar():
    for _ in tqdm(range(3)):
        pass


def logged():
    logger = logging.getLogger("mine")
    logger.propagate = False  # pytest's own handlers would take it
    logger.warning("low on memory")


def logged_to_its_own_handler():
    logger = logging.getLogger("handled")
    logger.addHandler(logging.StreamHandler())
    logger.error("own handler")


def from_c():
    os.write(2, b"from compiled code\n")


def from_a_child():
    code = "import sys; print('from a child', file=sys.stderr)"
    subprocess.run([sys.executable, "-c", code], check=True)


def through_a_held_stream():
    print("held", file=HELD[0])


ALL = {
    warned: "a warning: UserWarning: size_average is deprecated",
    a_bar: "3/3",
    logged: "low on memory",
    logged_to_its_own_handler: "own handler",
    from_c: "from compiled code",
    from_a_child: "from a child",
    through_a_held_stream: "held",
}


@pytest.mark.parametrize("function", ALL)
def test_a_note_and_no_stderr(function, capfd):
    HELD[:] = [sys.stderr]
    printing(function)
    out, err = capfd.readouterr()
    assert err == ""
    assert out.startswith("note: your code printed")
    assert ALL[function] in out
    assert out.endswith("✓ printing: right.\n")


def test_the_same_said_twice_is_one_note(capfd):
    printing(lambda: [warned(), warned()])
    assert capfd.readouterr().out.count("size_average") == 1


def test_a_long_text_is_cut_in_the_middle(capfd):
    printing(lambda: print("a" * 5_000 + "the end", file=sys.stderr))
    out = capfd.readouterr().out
    assert len(out) < 1_000
    assert "the end" in out


def test_a_failure_keeps_its_message_and_the_note_comes_before_it(capfd):
    def answer():
        warned()
        raise ValueError("broken")

    with pytest.raises(CheckFailed, match="ValueError: broken"):
        printing(answer)
    out, err = capfd.readouterr()
    assert "size_average" in out
    assert err == ""


def test_warnings_that_a_notebook_turned_into_errors_are_notes_too(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        printing(warned)
    assert "size_average" in capfd.readouterr().out


def test_stderr_is_the_notebooks_again(capfd):
    before = sys.stderr

    def answer():
        sys.stderr = None

    printing(answer)
    assert sys.stderr is before
    print("after", file=sys.stderr)
    os.write(2, b"after, from C\n")
    assert capfd.readouterr().err == "after\nafter, from C\n"


def test_a_handler_made_in_a_check_writes_to_the_notebook_afterwards(capfd):
    printing(logged_to_its_own_handler)
    capfd.readouterr()
    logging.getLogger("handled").error("later")
    assert "later" in capfd.readouterr().err
