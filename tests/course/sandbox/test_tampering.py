"""What a notebook replaces is noticed, and what it may do is not."""

import subprocess
import sys

import pytest

from course import pack_root

# In a process of its own: it replaces functions of NumPy and of the interpreter.
TRY = """
import numpy as np
from IPython.core.interactiveshell import InteractiveShell
import helpers.metrics, helpers.checks.base as checks
from course.sandbox import tampering

class Kernel:
    def do_execute(self): pass

shell, kernel = InteractiveShell.instance(), Kernel()
names = shell.user_ns
changed = tampering.snapshot(kernel, shell)
assert changed(names) == [], changed(names)
{code}
print(changed(names))
"""


def noticed(code):
    done = subprocess.run(
        [sys.executable, "-c", TRY.replace("{code}", code)],
        capture_output=True,
        text=True,
        cwd=pack_root(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("np.allclose = lambda *a, **k: True", "numpy.allclose"),
        ("del np.allclose", "numpy.allclose"),
        ("import builtins; builtins.abs = lambda x: 0", "builtins.abs"),
        ("checks.Tampered = 1; del checks.check", "helpers.checks.base.check"),
        (
            "checks.check.__code__ = (lambda *a, **k: None).__code__",
            "helpers.checks.base.check",
        ),
        ("checks.check.__defaults__ = (1,)", "helpers.checks.base.check"),
        (
            "helpers.metrics.record = lambda *a, **k: None",
            "helpers.metrics.record",
        ),
        ("shell.ast_transformers.append(1)", "IPython's ast_transformers"),
        ("shell.showtraceback = lambda *a: None", "InteractiveShell.showtraceback"),
        ("kernel.do_execute = lambda: None", "Kernel.do_execute"),
        ("names['np'] = object()", "the name np"),
        ("names['checks'] = object()", "the name checks"),
        ("import sys; sys.modules['numpy'] = object()", "the module numpy"),
        (
            "tampering._same = lambda *a: True; np.allclose = print",
            "numpy.allclose",
        ),
    ],
)
def test_what_is_replaced_is_named(code, named):
    assert named in noticed(code)


@pytest.mark.parametrize(
    "code",
    [
        "np.seterr(all='ignore'); np.random.seed(0)",
        "names['np'] = np; names['checks'] = checks",
        "np.my_own = lambda: None",
        "shell.my_own = 1",
        "names.update(abs=1, mse=print)",
    ],
)
def test_what_a_notebook_may_do_is_not(code):
    assert noticed(code) == "[]"


def test_at_most_five_are_named():
    code = "for name in ('add', 'sum', 'mean', 'std', 'var', 'dot', 'all'):\\n"
    code += "    setattr(np, name, None)"
    assert noticed(code.replace("\\n", "\n")).count("numpy.") == 5
