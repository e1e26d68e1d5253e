"""What a student meets first: a check that stops, that tells, that gives its tick.

Here in bare kernels. JupyterLab's part, with one more: browser/test_lessons.py.
"""

import re

import nbformat
import pytest
from jupyter_client.manager import run_kernel
from nbformat.v4 import new_code_cell, output_from_msg

from course import pack_root
from course.handout.lent import SOLUTION_MARK
from course.run.kernels import kernel_environment
from tests.outputs import errors, says

ROOT = pack_root()
OUTPUTS = ("stream", "error", "display_data", "execute_result")
# Lesson: what to change in the answer to its first exercise, and a word of the message.
MISTAKES = {
    "00_data_and_baselines": ("/ 255", "/ 256", "255"),
    "01_keras_dense_autoencoder": ('"sigmoid"', '"linear"', "between 0 and 1"),
    "02_pytorch_mlp_autoencoder": ("nn.Sigmoid()", "nn.Tanh()", "between 0 and 1"),
    "03_variational_autoencoder": ("0.5 * logvar", "logvar", "variance"),
    "04_convolutional_vae": ("// stride + 1", "// stride", "conv_size"),
    "05_latent_dimensions": ("+ 0.5", "+ 0.9", "median|middle"),
    "06_how_tight_is_the_bound": ("+ logvar", "- logvar", "sign of the term"),
    "07_one_vae_two_frameworks": ("0.5 * logvar", "logvar", "variance"),
}
IN_A_BROWSER = "03_variational_autoencoder"
# TensorFlow and torch crash each other in one process. What uses torch shares a kernel.
KERNELS = [
    ("keras" if re.search("keras|two_frameworks", lesson) else "torch", lesson)
    for lesson in MISTAKES
    if lesson != IN_A_BROWSER
]


def first_answer(lesson):
    """The model answer to a lesson's first code exercise."""
    notebook = nbformat.read(ROOT / "solutions" / f"{lesson}.ipynb", 4)
    return next(
        SOLUTION_MARK.sub("", cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code" and "### BEGIN SOLUTION" in cell.source
    )


def assert_unwritten(message):
    assert "this is not written yet. Fill in the cell above" in message
    assert len(message.splitlines()) == 1


def assert_told(message, word):
    assert message.startswith("CheckFailed: not right yet")
    assert re.search(word, message)
    assert re.search("seen: .*expected: .*look at: ", message, re.S)
    assert "helpers/checks" not in message
    assert "Traceback" not in message


def assert_ticked(cell):
    assert re.fullmatch(r"✓ .*: right.\n", "".join(says([cell], "stdout")))


@pytest.fixture(scope="module")
def kernel(request, tmp_path_factory):
    """A function that runs cells in one kernel and returns each as it is then."""
    folder = tmp_path_factory.mktemp(request.param)
    environment = kernel_environment(fast=True, threads=1, root=ROOT)
    with run_kernel(cwd=str(folder), env=environment) as client:

        def run(source):
            cell = new_code_cell(source)

            def keep(message):
                if message["msg_type"] in OUTPUTS:
                    cell.outputs.append(output_from_msg(message))

            client.execute_interactive(source, output_hook=keep, timeout=300)
            return cell

        yield run


@pytest.mark.parametrize(
    ("kernel", "lesson"), KERNELS, indirect=["kernel"], scope="module"
)
def test_a_student_is_stopped_told_and_let_go_on(kernel, lesson):
    old, new, word = MISTAKES[lesson]
    answer = first_answer(lesson)
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    kernel("%reset -f")
    ran = []
    while not errors(ran):
        ran.append(kernel(code[len(ran)]))
    exercise, check = ran[-2:]
    assert "raise NotImplementedError" in exercise.source
    assert "checks." in check.source
    (message,) = errors(ran)
    assert_unwritten(message)
    assert says(ran, "stderr") == []

    assert not errors([kernel(answer.replace(old, new))])
    (message,) = errors([kernel(check.source)])
    assert_told(message, word)

    assert not errors([kernel(answer)])
    assert_ticked(kernel(check.source))
