"""What a user sets is what the lesson declares, or is refused with an example."""

import pytest

from course import CourseError
from course.parameters import check_parameters, declared_parameters, planned_runs
from tests.course.small_lessons import metric, write_lesson

DECLARED = """
epochs: int = 10
rate: float = 0.1
save: bool = True
dataset: str = "MNIST"
dims: list[int] = [2, 64]
seed: Optional[int] = None
classifier_epochs: int = 3
batch_size = 64
plain = 3
free = torch.float32
"""


@pytest.fixture
def lesson(tmp_path):
    return write_lesson(tmp_path / "01_x.ipynb", metric(), parameters=DECLARED)


def test_a_type_comes_from_the_annotation_or_the_default(lesson):
    declared = declared_parameters(lesson).values()
    assert {each.name: (each.type, each.optional) for each in declared} == {
        "epochs": (int, False),
        "rate": (float, False),
        "save": (bool, False),
        "dataset": (str, False),
        "dims": (list, False),
        "seed": (int, True),
        "classifier_epochs": (int, False),
        "batch_size": (int, False),
        "plain": (int, False),
        "free": (None, False),
    }


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("epochs", "1", 1),
        ("rate", "1", 1.0),
        ("rate", 2, 2.0),
        ("save", "False", False),
        ("save", "1", True),
        ("save", False, False),
        ("dataset", "123", "123"),
        ("dims", "[3]", [3]),
        ("dims", [3], [3]),
        ("seed", "None", None),
        ("seed", None, None),
        ("seed", "0", 0),
        ("plain", "-1", -1),
        ("classifier_epochs", "1", 1),
        ("free", "[1", "[1"),
        ("free", "(1, 2)", (1, 2)),
        ("free", 5, 5),
    ],
)
def test_a_value_gets_the_declared_type(lesson, name, given, value):
    checked = check_parameters(lesson, {name: given})
    assert checked == {name: value}
    assert type(checked[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("epoch", 1, "no parameter 'epoch'. Did you mean epochs. Its parameters are:"),
        ("epochs", "2.5", "Lesson 01_x: .* epochs must be a whole number, such as 20;"),
        ("epochs", 0, "epochs must be at least 1; 0 is not"),
        ("epochs", "-3", "epochs must be at least 1; -3 is not"),
        ("classifier_epochs", "0", "classifier_epochs must be at least 1; 0 is not"),
        ("batch_size", 0, "batch_size must be at least 1; 0 is not"),
        ("epochs", True, "epochs must be a whole number"),
        ("epochs", "None", "epochs must be a whole number"),
        ("rate", "inf", "rate must be a number"),
        ("rate", True, "rate must be a number"),
        ("save", "2", "save must be true or false"),
        ("dataset", 5, "dataset must be text; 5 is not"),
        ("dims", "(1, 2)", r"dims must be a list, such as \[1, 2, 64\]"),
    ],
)
def test_what_cannot_be_meant_is_refused(lesson, name, given, message):
    with pytest.raises(CourseError, match=message):
        check_parameters(lesson, {name: given})


def test_where_nothing_is_given_nothing_is_set(lesson):
    assert check_parameters(lesson, {}) == {}
    assert planned_runs(lesson) == {"01_x": {}}


def test_planned_runs_may_have_numbers_and_have_names_of_their_own(tmp_path):
    lesson = tmp_path / "04_sizes.ipynb"
    sizes = [{"latent_dim": 2}, {"latent_dim": 64}]
    write_lesson(lesson, metric(), parameters="latent_dim = 2", runs=sizes)
    assert planned_runs(lesson) == {"04_sizes": sizes[0], "04_sizes-64": sizes[1]}
    same = [*sizes, {"latent_dim": 64}]
    write_lesson(lesson, metric(), parameters="latent_dim = 2", runs=same)
    with pytest.raises(CourseError, match="would be called 04_sizes-64"):
        planned_runs(lesson)
