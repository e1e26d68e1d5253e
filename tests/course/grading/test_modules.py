"""Modules are found by their files, also those that other modules have in them."""

import pytest

from course.grading.modules import modules_along, modules_in


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("torch.functional.F", "torch.nn.functional"),
        ("torch.nn.modules.linear.F", "torch.nn.functional"),
        ("torch.functional.F.math", "math"),
        ("matplotlib.pyplot.cm", "matplotlib.cm"),
        ("tensorflow.keras.layers", "keras.layers"),
        ("os.path", "posixpath"),
        ("torch.nn.Linear", ""),
        ("torch.nn.Linear.math", ""),
        ("math.pi", ""),
        ("no_such_module.math", ""),
    ],
)
def test_what_a_path_leads_to(path, last):
    assert modules_along(path)[-1] == last


def test_only_what_a_module_has_once_it_is_imported_is_in_it():
    assert modules_in("glob").get("glob") is None  # a function
    assert modules_in("glob")["os"] == "os"
    assert modules_in("math") == {}  # not written in Python
