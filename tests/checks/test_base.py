"""How every check runs: whose line, whose fault, which numbers, what it says."""

import contextlib
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from helpers.checks import base, draws, standins
from helpers.checks.base import CheckFailed, check
from helpers.checks.draws import VISIBLE
from tests.keras_process import KERAS_LESSONS


@check("shuffled")
def shuffled(function, draw):
    function(5)


def in_the_standard_library(n):
    return random.Random(0).shuffle(range(n))


def in_compiled_code(n):
    return np.random.default_rng(0).shuffle(n)


@pytest.mark.parametrize("answer", [in_the_standard_library, in_compiled_code])
def test_the_line_is_the_students(answer):
    with pytest.raises(CheckFailed) as failure:
        shuffled(answer)
    assert "`return " in failure.value.look
    assert ".shuffle(" in failure.value.look


class Begun:
    def __init__(self, n):
        self.n = n
        self.go_on()

    def go_on(self):
        raise NotImplementedError


class NotBegun:
    def __init__(self, n):
        raise NotImplementedError


def not_begun(n):
    raise NotImplementedError


def test_of_what_was_begun_the_open_method_is_named():
    with pytest.raises(NotImplementedError, match="shuffled: `go_on` is not written"):
        shuffled(Begun)
    for stub in (NotBegun, not_begun):
        with pytest.raises(NotImplementedError, match="shuffled: this is not written"):
            shuffled(stub)


def test_pytorchs_own_not_implemented_is_no_stub():
    with pytest.raises(CheckFailed, match="missing the required"):
        shuffled(lambda n: nn.Module()(torch.zeros(n)))


def test_an_exit_is_a_failure_and_not_the_end_of_the_kernel():
    with pytest.raises(CheckFailed, match="SystemExit"):
        shuffled(lambda n: exit())


def test_a_notebook_and_its_hidden_test_run_the_same_check_on_other_draws(capsys):
    seen = []

    @check("noted")
    def noted(function, draw):
        seen.append((draw.number, draw.integer(1, 10**6), random.random(),
                     np.random.rand(), torch.rand(1).item()))  # fmt: skip

    noted(None)
    assert [number for number, *_ in seen] == list(VISIBLE)
    assert capsys.readouterr().out == "✓ noted: right.\n"
    noted(None, draws=[41, 42])
    assert capsys.readouterr().out == ""
    noted(None, draws=[41])
    first, second, again = seen[len(VISIBLE) :]
    assert first == again
    assert not set(first) & set(second)


def test_a_notebooks_random_numbers_go_on_as_if_there_had_been_no_check():
    def next_numbers():
        return random.random(), np.random.rand(), torch.rand(1).item()

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    expected = next_numbers()
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    shuffled(lambda n: torch.rand(n), draws=[3])
    assert next_numbers() == expected


# An exercise is judged by itself


def earlier(x):
    return x + 1


@check("later", uses=("earlier", "other"))
def later(function, draw):
    n = draw.integer(1, 99)
    if function(n) != 2 * (n + 1):
        raise CheckFailed(f"{function(n)}", f"{2 * (n + 1)}", "the factor 2")


@pytest.fixture
def pack(monkeypatch):
    """A pack with two answers, in the place of the real one."""
    kept = {
        "given": "import math",
        "answers": {
            "earlier": {"source": "def earlier(x):\n    return x + math.ceil(0.5)"},
            "other": {"source": "def other(x):\n    return earlier(x)"},
        },
    }
    monkeypatch.setattr(standins, "lesson_of", lambda function: "99")
    monkeypatch.setattr(standins, "kept_answers", lambda: {"99": kept})
    standins._namespace.cache_clear()
    yield
    standins._namespace.cache_clear()


def test_what_is_right_but_for_an_earlier_answer_passes_and_says_so(
    pack, monkeypatch, capsys
):
    def broken(x):
        return x + 3

    monkeypatch.setitem(globals(), "earlier", broken)
    later(lambda x: 2 * earlier(x))
    assert capsys.readouterr().out == (
        "✓ later: right, with the pack's `earlier`: yours is not right yet.\n"
    )
    assert earlier is broken


def test_an_earlier_stub_takes_nothing_along(pack, monkeypatch, capsys):
    monkeypatch.setitem(globals(), "earlier", not_begun)
    later(lambda x: 2 * earlier(x))
    assert "yours is not right yet" in capsys.readouterr().out


def test_what_is_wrong_itself_is_told_its_own_mistake(pack, monkeypatch):
    monkeypatch.setitem(globals(), "earlier", not_begun)
    with pytest.raises(CheckFailed, match="the factor 2"):
        later(lambda x: 3 * earlier(x))


def test_a_class_and_a_wrapped_function_find_the_packs_answers_too(pack, monkeypatch):
    class Doubles:
        def __new__(cls, x):
            return 2 * earlier(x)

    @torch.no_grad()
    def wrapped(x):
        return 2 * earlier(x)

    monkeypatch.setitem(globals(), "earlier", not_begun)
    later(Doubles)
    later(wrapped)


def test_a_name_that_the_notebook_does_not_have_is_gone_again(pack):
    with pytest.raises(CheckFailed):
        later(lambda x: other(x))  # noqa: F821
    later(lambda x: 2 * other(x))  # noqa: F821
    assert "other" not in globals()


def test_without_the_packs_answers_it_is_judged_as_it_is(monkeypatch):
    monkeypatch.setattr(standins, "kept_answers", dict)
    monkeypatch.setitem(globals(), "earlier", not_begun)
    with pytest.raises(NotImplementedError):
        later(lambda x: 2 * earlier(x))


def test_every_lessons_answers_can_stand_in():
    """Those in Keras: see lesson01/test_standins.py, in a process with TensorFlow."""
    for lesson, kept in standins.kept_answers().items():
        if f"lesson{lesson}" not in KERAS_LESSONS:
            with standins.pack_answers(lesson, list(kept["answers"])) as ours:
                assert all(map(callable, ours.values()))


def test_the_packs_answers_refuse_to_be_a_students(pack):
    ours = standins._namespace("99")
    with pytest.raises(CheckFailed, match="the pack's own"):
        shuffled(ours["earlier"])
    with standins.pack_answers("99", ["other"]) as given:
        assert given["other"](1) == 2
    later(lambda x: 2 * ours["other"](x))  # which `later` may use anyway
    with pytest.raises(CheckFailed, match="the pack's own"):
        given["other"](1)


def test_answers_that_are_held_need_no_file(monkeypatch):
    kept = {"99": standins.kept_answers()["03"]}
    monkeypatch.setattr(standins, "_held", {})
    monkeypatch.setattr(standins, "kept_answers", dict)
    assert not standins.has("99", "kl_divergence")
    standins.hold(kept, ["99"])
    assert standins.has("99", "kl_divergence")
    with standins.pack_answers("99", ["kl_divergence"]) as ours:
        assert ours["kl_divergence"](torch.zeros(1, 2), torch.zeros(1, 2)) == 0


def test_a_model_that_was_made_of_the_packs_class_refuses_later():
    with standins.pack_answers("03", ["VAE"]) as ours:
        kept = ours["VAE"](2)
        kept.encode(torch.zeros(3, 784))
    with pytest.raises(CheckFailed, match="the pack's own"):
        kept.encode(torch.zeros(3, 784))


class LyingTensor(torch.Tensor):
    pass


def with_an_attribute():
    value = torch.zeros(3)
    value.item = lambda: 8.0
    return value


def test_ordinary_tensors_of_the_right_shape_pass():
    for value in (torch.zeros(3), nn.Parameter(torch.zeros(3))):
        base.want_tensor(value, (3,), "it", "there")


@pytest.mark.parametrize(
    "value",
    [
        torch.zeros(3).as_subclass(LyingTensor),
        with_an_attribute(),
        torch.tensor([0, 0, torch.nan]),
        torch.tensor([0, 0, torch.inf]),
        np.zeros(3),
        np.ma.masked_all(3),
        SimpleNamespace(shape=(3,)),
        [0.0] * 3,
        None,
    ],
    ids=str,
)
def test_what_may_answer_for_itself_is_no_tensor(value):
    with pytest.raises(CheckFailed):
        base.want_tensor(value, (3,), "it", "there")


def test_what_is_running_is_known_and_forgotten_again():
    seen = SimpleNamespace()

    def look(n):
        seen.checking = base.checking

    shuffled(look)
    assert (seen.checking, base.checking) == ("shuffled", None)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.ones(3).to(torch.complex64), "complex64 | real numbers"),
        (torch.ones(3).to_sparse(), "sparse_coo | to_dense"),
        (torch.ones(3).as_subclass(type("Mine", (torch.Tensor,), {})), "of its own"),
        (torch.tensor([1, np.nan, 1]), "nan or inf"),
        (torch.ones(2), "has shape (2,)"),
        ([1, 2, 3], "list, not a tensor"),
    ],
)
def test_only_ordinary_tensors_are_judged(value, words):
    with pytest.raises(CheckFailed) as failure:
        base.want_tensor(value, (3,), "the answer", "")
    for part in words.split(" | "):
        assert part in str(failure.value)


@pytest.mark.parametrize("accelerated", [False, True])
def test_draws_are_the_same_with_and_without_an_accelerator(accelerated, monkeypatch):
    monkeypatch.setattr(draws, "_has_accelerator", lambda: accelerated)
    before = torch.get_rng_state()
    with draws.seeded(5):
        assert torch.initial_seed() == 770_006
        drawn = torch.rand(2)
    assert torch.equal(torch.get_rng_state(), before)
    expected = torch.rand(2, generator=torch.Generator().manual_seed(770_006))
    assert torch.equal(drawn, expected)


def test_a_failure_that_something_swallows_is_no_pass(monkeypatch):
    @contextlib.contextmanager
    def swallowing(number):
        with contextlib.suppress(AssertionError):
            yield

    @check("wrong")
    def wrong(function, draw):
        raise CheckFailed("a", "b", "c")

    monkeypatch.setattr(base, "seeded", swallowing)
    with pytest.raises(CheckFailed, match="did not come to its end"):
        wrong(abs)
