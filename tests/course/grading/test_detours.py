"""What libraries keep in tables is known; what goes a way round is named, no more."""

import pytest

from course.grading.detours import is_table
from tests.course.grading.test_suspicion import said


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("PIL.features.modules", True),
        ("PIL.Image.MIME", True),  # with a type written beside it
        ("torch.nn.functional.relu", False),
        ("torch.float32", False),
        ("math.pi", False),  # of no file that could be read
        ("json.encoder.ESCAPE_DCT", True),
        ("no_such_module.table", False),
        ("torch", False),
    ],
)
def test_a_table_of_a_library_is_known_by_its_source(path, known):
    assert is_table(path) is known


ORDINARY = """\
import os
os.environ.update({"OMP_NUM_THREADS": "1"}, TF_CPP_MIN_LOG_LEVEL="3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
quick = "TF_DETERMINISTIC_OPS" in os.environ, os.getenv("SEED", 0)
home = os.environ.get("MPLBACKEND", "")
---
from PIL import Image
kinds = sorted(Image.MIME), len(Image.MIME), Image.MIME.get("PNG")
---
from typing import NamedTuple
class Point(NamedTuple):
    x: int = 1
def f(p): return p._replace(x=2)._asdict()
---
class Old(dict):
    def update(self, *args): dict.update(self, *args)
    __setattr__ = dict.__setitem__
---
import inspect, warnings
def f(x: "list[int]") -> "torch.Tensor":
    warnings.warn("old", stacklevel=2)
    return inspect.signature(f).parameters, list(map(f, x))
---
def run(*inputs):
    def f(x): return x
    f._calls = 0
    return f._calls
---
import argparse
args = argparse.ArgumentParser().parse_args([])
def f(kind, config): return getattr(nn, kind.name), getattr(nn, config.act)
"""


@pytest.mark.parametrize("source", ORDINARY.split("\n---\n"))
def test_what_goes_no_way_round_is_not_named(source):
    assert said(source) == []
