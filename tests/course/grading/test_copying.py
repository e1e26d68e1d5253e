"""Pairs whose code is the same but for names and layout."""

import pytest

from course import pack_root
from course.grading.copying import LONGEST, Pair, normal, similar_pairs
from course.grading.submission import read_lesson

ORIGINAL = '''
def kl_divergence(mu, logvar):
    """KL to the prior."""
    variance = logvar.exp()  # sigma squared
    total = 0
    for m, v, l in zip(mu.T, variance.T, logvar.T):
        total = total + 0.5 * (m * m + v - l - 1)
    return scale(total, factor=1)
'''
RENAMED = """
def kl_divergence(a, b):
    c = (
        b.exp()
    )
    # my own words
    d = 0
    for (e, f, g) in zip(a.T, c.T, b.T):
        d = (d + 0.5*(e*e + f - g - 1))
    return scale(d, factor = 1)
"""
OTHER = """
def kl_divergence(mu, logvar):
    return sum(0.5 * (m * m + l.exp() - l - 1) for m, l in zip(mu.T, logvar.T))
"""


@pytest.fixture(scope="module")
def lesson():
    return read_lesson(pack_root() / "solutions" / "03_variational_autoencoder.ipynb")


def pairs(lesson, **students):
    code = {name: {"kl_divergence": text} for name, text in students.items()}
    return similar_pairs(code, lesson)


def test_renaming_and_layout_do_not_hide_a_copy(lesson):
    assert pairs(lesson, one=ORIGINAL, two=RENAMED, three=OTHER) == [
        Pair(("one", "two"), 1.0, ["kl_divergence"])
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("import torch as t\nt.exp(1)", "import torch as tt\ntt.exp(1)"),
        ("def f(*, n=1): return n\nf(n=2)", "def g(*, k=1): return k\ng(k=2)"),
        ("class A:\n    'doc'\n    x = 1", "class B:\n    x = 1"),
        (
            "try:\n    x = 1\nexcept ValueError as e:\n    print(e)",
            "try:\n    y = 1\nexcept ValueError as err:\n    print(err)",
        ),
        ("f = lambda x: x + 1", "g = lambda y: (y+1)"),
    ],
)
def test_all_names_of_its_own_are_renamed(one, other):
    assert normal(one) == normal(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("a + b", "a - b"), ("sum(x)", "max(x)"), ("f(dim=1)", "f(dim=0)"),
     ("a - b + a", "a - b + b"), ("x.exp()", "x.log()")],
)  # fmt: skip
def test_what_code_does_is_kept(one, other):
    assert normal(one) != normal(other)


def test_the_solution_and_the_release_are_nobodys_copy(lesson):
    solution = lesson.cells("solution")["kl_divergence"].source
    release = lesson.cells("release")["kl_divergence"].source
    assert pairs(lesson, one=solution, two=solution) == []
    assert pairs(lesson, one=release, two=release) == []


def test_three_friends_are_found_and_half_a_class_is_not(lesson):
    friends = {f"friend{number}": ORIGINAL for number in range(3)}
    assert len(pairs(lesson, **friends, other=OTHER)) == 3
    half = {f"student{number}": ORIGINAL for number in range(10)}
    assert pairs(lesson, **half, other=OTHER) == []


@pytest.mark.parametrize(
    ("students", "same", "told"),
    [(5, 4, True), (5, 5, False), (60, 6, True), (60, 7, False)],
)
def test_what_many_of_a_class_share_is_no_copy(lesson, students, same, told):
    class_ = {
        f"student{number}": ORIGINAL if number < same else f"x = {number}"
        for number in range(students)
    }
    assert bool(pairs(lesson, **class_)) == told


def test_the_most_alike_come_first(lesson):
    own = "def vae_loss(a):\n    return a * {}"
    code = {
        name: {"kl_divergence": text, "vae_loss": own.format(number)}
        for number, (name, text) in enumerate(
            [("e", RENAMED), ("d", ORIGINAL), ("b", OTHER), ("a", OTHER)]
        )
    }
    code |= {name: {"sample": "def sample(n): return n * 7"} for name in ("g", "f")}
    found = similar_pairs(code, lesson)
    assert [pair.students for pair in found] == [("f", "g"), ("d", "e"), ("a", "b")]
    shares = [pair.similarity for pair in found]
    assert shares == sorted(shares, reverse=True)


def test_little_in_common_is_left_out(lesson):
    long = "def vae_loss(a):\n" + "".join(f"    a = a * {n}\n" for n in range(90))
    code = {
        "one": {"kl_divergence": ORIGINAL, "vae_loss": long},
        "two": {"kl_divergence": ORIGINAL},
    }
    assert similar_pairs(code, lesson) == []


def test_a_share_is_a_share(lesson):
    long = "def vae_loss(a):\n" + "".join(f"    a = a * {n}\n" for n in range(20))
    code = {
        "one": {"kl_divergence": ORIGINAL, "vae_loss": long},
        "two": {"kl_divergence": RENAMED, "vae_loss": long.replace("*", "+")},
    }
    (found,) = similar_pairs(code, lesson)
    assert 0.3 <= found.similarity < 0.7
    assert found.exercises == ["kl_divergence"]


@pytest.mark.parametrize(
    "source",
    ["def (", "%matplotlib inline", "(" * 5000, "-" * 90_000 + "1", "\0", "\ud800",
     "a" + ".b" * 40_000, "x = 1\n" * LONGEST],
)  # fmt: skip
def test_what_cannot_be_read_is_like_nothing(lesson, source):
    assert normal(source) == ""
    assert pairs(lesson, one=source, two=source) == []
