"""Who asks where an answer runs is named; who saves a figure there is not."""

import pytest

from course.grading.machinery import HIDDEN, PROCESS
from course.grading.places import Places
from tests.course.grading.reading import found_by

GIVEN = "import os\nfrom pathlib import Path\nimport matplotlib.pyplot as plt"


@pytest.mark.parametrize(
    ("body", "node", "what"),
    [
        ("return Path.cwd().name", "Path.cwd()", PROCESS),
        ("return os.path.exists('a')", "os.path.exists('a')", PROCESS),
        ("return Path('a').exists", "Path('a').exists", HIDDEN),
        ("plt.savefig(Path.cwd() / 'a.png')", "", ""),
        ("if not os.path.exists('a'): os.makedirs('a')", "", ""),
        ("return x.exists()", "", ""),
    ],
)
def test_what_asks_where_it_runs_is_found(body, node, what):
    found = found_by(Places, f"def f(x):\n    {body}", GIVEN)
    assert found == ({node: what} if node else {})


def test_outside_of_functions_anybody_may_ask():
    assert found_by(Places, "HERE = Path.cwd()", GIVEN) == {}
