"""The explorers, moved with a real mouse and real keys."""

import nbformat
import pytest

from helpers import explore

START = """
import numpy as np
from helpers import explore

rng = np.random.default_rng(0)
z = rng.normal(size=(300, 2))
names = [str(i) for i in range(10)]
weights = rng.normal(size=(2, 784))


def decode(z):
    return 1 / (1 + np.exp(-z @ weights[: z.shape[1]]))
"""
PLANE = 'explore.plane(decode, z, np.arange(300) % 10, names, "What is decoded where?")'
UNITS = 'explore.units(decode, [0.5, -0.5], [1, 0], "What does each number draw?")'
BETWEEN = 'explore.between(decode, [-2, 0], [2, 0], "What lies between?")'


@pytest.fixture(scope="module")
def notebook(lab, tmp_path_factory):
    code = [nbformat.v4.new_code_cell(c) for c in (START, PLANE, UNITS, BETWEEN)]
    path = tmp_path_factory.mktemp("explore") / "explore.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=code, metadata=kernel), path)
    with lab.open(path) as notebook:
        notebook.run_all(90)
        assert [cell["execution_count"] for cell in notebook.cells()] == [1, 2, 3, 4]
        yield notebook


def test_a_drag_and_keys_move_the_point_and_change_the_picture(notebook):
    cell = notebook.go_to(1)
    plane, picture = cell.locator(".plane"), cell.locator(".decoded")
    before = picture.get_attribute("src")
    box = plane.bounding_box()
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    mouse.down()
    for step in range(1, 11):
        mouse.move(
            box["x"] + (0.5 + 0.02 * step) * box["width"], box["y"] + box["height"] / 3
        )
    mouse.up()
    notebook.page.wait_for_function(
        "([e, s]) => e.src !== s", arg=[picture.element_handle(), before]
    )
    notebook.wait(10)
    dragged, said = picture.get_attribute("src"), picture.get_attribute("alt")
    assert said.startswith("Decoded at z = (")
    assert said == cell.locator(".said").inner_text()
    notebook.screenshot("explore-plane")

    plane.focus()
    notebook.page.keyboard.press("ArrowLeft")
    notebook.page.wait_for_function(
        "([e, s]) => e.src !== s", arg=[picture.element_handle(), dragged]
    )
    assert picture.get_attribute("alt") != said
    print("milliseconds from key to picture:", plane.get_attribute("data-milliseconds"))


@pytest.mark.parametrize(("index", "sliders"), [(2, 2), (3, 1)])
def test_a_slider_moves_with_keys(notebook, index, sliders):
    cell = notebook.go_to(index)
    handles = cell.get_by_role("slider")
    assert handles.count() == sliders
    picture = cell.locator("img[alt^='Decoded at']")
    before = picture.get_attribute("src")
    handles.first.focus()
    for _ in range(5):
        notebook.page.keyboard.press("ArrowRight")
    cell.locator(f"img[alt^='Decoded at']:not([src='{before}'])").wait_for()
    notebook.screenshot(f"explore-{'units' if sliders == 2 else 'between'}")


SLOW_KERNEL = """async (source) => {
  const state = {z: [0, 0], box: [0, 0, 1, 1], limits: [0, 1, 0, 1], image: {},
                 scatter: "data:image/png,", alt: "", instruction: ""};
  let answer;
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes: () => setTimeout(() => answer(), 1300),
    on: (_, show) => { answer = show; },
  };
  const file = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  (await import(file)).default.render({model, el: document.body});
  const plane = document.querySelector(".plane");
  const press = () =>
    plane.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
  for (const pause of [500, 700, 1500]) {
    press();
    await new Promise((done) => setTimeout(done, pause));
  }
  return state.z[0];
}"""


def test_a_slow_answer_does_not_take_the_point_back(browser):
    """It comes after 1.3 s; keys move the point at 0, 0.5 and 1.2 s."""
    page = browser.new_page()
    page.goto("about:blank")
    end = page.evaluate(SLOW_KERNEL, explore.PLANE.read_text())
    assert end == pytest.approx(3 * 0.02)


def test_the_output_holds_a_static_picture_too(notebook):
    for cell in notebook.cells()[1:]:
        (output,) = cell["outputs"]
        assert explore.WIDGET_MIME in output["data"]
        assert len(output["data"]["image/png"]) > 1_000
        assert "<img alt=" in "".join(output["data"]["text/html"])


def test_saved_and_opened_without_its_kernel_it_shows_the_picture(notebook, lab):
    notebook.page.keyboard.press("Control+s")
    file = lab.folder / notebook.name
    notebook.page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    )
    saved = nbformat.read(file, 4)
    assert [len(cell.outputs) for cell in saved.cells] == [0, 1, 1, 1]
    for cell in saved.cells[1:]:
        assert "image/png" in cell.outputs[0].data
        assert explore.WIDGET_MIME not in cell.outputs[0].data
    with lab.open(file, "opened-later.ipynb") as later:
        for place in (1, 2, 3):
            later.go_to(place).locator("img[alt*='In a live notebook']").wait_for()
        assert not later.page.get_by_text("Error displaying widget").count()
