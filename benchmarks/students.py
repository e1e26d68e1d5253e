"""Submissions to measure and to test grading with."""

from pathlib import Path

import nbformat

from course import pack_root
from course.notebook import grade_id

LESSON = "03_variational_autoencoder"
WRONG = {
    "kl_divergence": ("-0.5 *", "0.5 *"),
    "reparameterize": ("torch.exp(0.5 * logvar)", "torch.exp(logvar)"),
    "sample": ("torch.sigmoid(model.decode(z))", "model.decode(z)"),
    "reconstruction_loss": ("pixels.sum(dim=1)", "pixels.mean(dim=1)"),
}


def submission(answers: dict[str, str] | None = None, lesson: str = LESSON):
    """A student notebook with the solution's answers, some of them changed.

    Parameters
    ----------
    answers : dict, optional
        Source by grade_id, in place of the solution's.
    lesson : str

    Returns
    -------
    NotebookNode
    """
    notebook = nbformat.read(pack_root() / "notebooks" / f"{lesson}.ipynb", 4)
    right = right_answers(lesson) | (answers or {})
    for cell in notebook.cells:
        if (name := grade_id(cell)) in right:
            cell.source = right[name]
    return notebook


def right_answers(lesson: str = LESSON) -> dict[str, str]:
    """The solution's cells that students write, by grade_id."""
    complete = nbformat.read(pack_root() / "solutions" / f"{lesson}.ipynb", 4)
    return {
        name: cell.source
        for cell in complete.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
        and (name := grade_id(cell))
    }


def make_class(folder: Path, count: int) -> None:
    """Write a class: of ten students six are right, three make a mistake, one is late.

    Parameters
    ----------
    folder : Path
        Gets ``student000/03_variational_autoencoder.ipynb`` and so on. No two files
        are the same.
    count : int
    """
    right = right_answers()
    for number in range(count):
        answers = dict(right)
        if number % 10 >= 6:
            name = list(WRONG)[number % 4]
            answers[name] = answers[name].replace(*WRONG[name])
        notebook = submission(answers)
        if number % 10 == 9:
            untouched = pack_root() / "notebooks" / f"{LESSON}.ipynb"
            notebook = nbformat.read(untouched, 4)
        notebook.cells[0].source += f"\n\nHanded in by number {number}."
        place = folder / f"student{number:03}"
        place.mkdir(parents=True)
        nbformat.write(notebook, place / f"{LESSON}.ipynb")
