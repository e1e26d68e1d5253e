"""Write small lessons for the tests to run and release."""

import json

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


def metric(name="test MSE", value="0.5", expected="[0.4, 0.6]", data="real"):
    """Code of a cell that records a figure, as helpers.metrics does."""
    return (
        "from IPython.display import display\n"
        'nan = float("nan")\n'
        'display({"application/vnd.course.metric+json": {\n'
        f'    "name": {name!r}, "value": {value}, "expected": {expected},\n'
        f'    "unit": "", "data": {data!r}, "enforced": True,\n'
        '    "facts": {"seed": 7}}, "text/plain": "a figure"}, raw=True)'
    )


def write_lesson(path, *cells, parameters=None, runs=None):
    """Write a notebook; one line that starts with # and a space is Markdown."""
    made = []
    if parameters is not None:
        made.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    for number, cell in enumerate(cells):
        if isinstance(cell, str):
            heading = cell.startswith("# ") and "\n" not in cell
            cell = new_markdown_cell(cell) if heading else new_code_cell(cell)
        cell["id"] = f"cell-{number}"
        made.append(cell)
    kernel = {"display_name": "Python 3 (ipykernel)", "name": "python3"}
    notebook = new_notebook(
        cells=made,
        metadata={"kernelspec": kernel | {"language": "python"}},
    )
    if runs:
        notebook.metadata["course"] = {"runs": runs}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def figure_cell(size=9_000):
    """A cell that drew a figure which students should compare with their own."""
    output = new_output(
        "display_data",
        {"image/png": "A" * (4 * size // 3)},
        metadata={"image/png": {"alt": "Ten digits [blurred]"}},
    )
    tags = {"tags": ["expected-figure"]}
    return new_code_cell("draw()", metadata=tags, execution_count=1, outputs=[output])


def read_json(path):
    return json.loads(path.read_text())
