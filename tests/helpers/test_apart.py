"""A function in a process of its own: what travels, what comes back, what fails."""

import os

import numpy as np
import pytest

from helpers import apart

factor = 3


def tripled(x):
    return factor * x


def test_arrays_travel_with_what_the_function_uses():
    # Of a module that the child cannot import, as a notebook is one.
    double = eval("lambda x: (g(x), __import__('os').getpid())", {"g": tripled})
    x = np.arange(6.0).reshape(2, 3)
    answer, process = apart.call(double, x)
    assert np.array_equal(answer, 3 * x)
    assert process != os.getpid()


def test_what_is_printed_does_not_mix_with_the_answer():
    assert apart.call(lambda: print("spoken") or os.write(1, b"and written")) == 11


def test_what_comes_back_is_of_its_type():
    def answers():
        arrays = {"a": np.zeros((0, 3), "float32"), "b": np.array([True])}
        return arrays, np.float64(1 / 3), [None, "text", float("inf")]

    arrays, number, others = apart.call(answers)
    assert arrays["a"].shape == (0, 3)
    assert arrays["a"].dtype == "float32"
    assert arrays["b"].dtype == bool
    assert number == 1 / 3
    assert others == [None, "text", float("inf")]


def test_another_kind_is_refused_by_name():
    with pytest.raises(apart.ApartError, match="set cannot come back: arrays, "):
        apart.call(lambda: {"a": {1}})


def test_what_a_child_writes_by_itself_is_not_run():
    def writes():
        os.write(3, b"cposix\nabort\n(tR.")
        os._exit(0)

    with pytest.raises(ValueError, match="Expecting value"):
        apart.call(writes)


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_keras_is_told_its_backend(backend):
    seen = apart.call(lambda: os.environ["KERAS_BACKEND"], backend=backend)
    assert seen == backend


def test_last_words_are_told():
    def fails():
        raise ValueError("no such layer")

    with pytest.raises(apart.ApartError, match=r"fails failed .*with 1") as failure:
        apart.call(fails)
    assert "ValueError: no such layer" in str(failure.value)


def test_so_is_how_a_process_died():
    with pytest.raises(apart.ApartError, match="ended with -6"):
        apart.call(os.abort)
