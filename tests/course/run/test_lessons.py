"""Lessons run in real kernels, and what becomes of them is reported."""

import base64
import io
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from rich.console import Console

from course import CourseError
from course.files import write_json
from course.grading.tables import write_tables
from course.run import figures
from course.run.lessons import complaints, longest_first, run_lessons
from course.run.report import write_report
from tests.course.small_lessons import metric, read_json, write_lesson

PNG = base64.b64encode(b"\x89PNG not really").decode()
PROGRESS = """
from IPython.display import display
mime = "application/vnd.course.progress+json"
state = {"description": "training", "n": 0, "total": 2, "text": ""}
bar = display({mime: state, "text/plain": "0/2"}, raw=True, display_id=True)
for n in (1, 2):
    state = dict(state, n=n, text=f"validation={n}")
    bar.update({mime: state, "text/plain": f"{n}/2"}, raw=True)
"""


FIGURE = f"""
from IPython.display import display
display({{"image/png": "{PNG}", "text/plain": "plain"}},
        metadata={{"image/png": {{"alt": "Loss <falls> & rests"}}}}, raw=True)
"""


SURROUNDINGS = """
import json, os, pathlib, time
block = bytearray(60_000_000)
time.sleep(1)
names = ("COURSE_FAST", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
pathlib.Path("seen.json").write_text(json.dumps({n: os.environ.get(n) for n in names}))
"""


def run(names, folder, out, **options):
    """Run quietly; give the summary and all that was printed."""
    text = io.StringIO()
    console = Console(file=text, width=150, highlight=False)
    summary = run_lessons(names, solutions=folder, out=out, console=console, **options)
    return summary, text.getvalue()


def shape_of(summary):
    return {name: lesson["status"] for name, lesson in summary["lessons"].items()}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Two sound lessons, side by side."""
    root = tmp_path_factory.mktemp("good")
    cells = ("# Training", PROGRESS, "# The loss", FIGURE, SURROUNDINGS, metric())
    for name in ("00_one", "01_two"):
        write_lesson(root / "solutions" / f"{name}.ipynb", *cells)
    heard = []
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "COURSE_FAST"):
            patch.delenv(variable, raising=False)
        patch.setattr("course.run.lessons.cores", lambda: 6)
        before = dict(os.environ)
        summary, text = run(
            [],
            root / "solutions",
            root / "out",
            jobs=2,
            on_progress=lambda lesson, state: heard.append((lesson, state)),
        )
        assert dict(os.environ) == before
    return summary, text, root / "out", heard


def test_a_sound_run_is_ok_and_leaves_a_record(good):
    summary, text, out, _ = good
    assert summary["ok"]
    kept = read_json(out / "metrics.json")
    assert kept == summary
    lesson = kept["lessons"]["00_one"]
    assert lesson["status"] == "ok"
    assert lesson["data"] == "real"
    assert lesson["metrics"][0]["verdict"] == "in band"
    assert lesson["metrics"][0]["facts"] == {"seed": 7}
    assert 60 < lesson["peak_memory_mb"] < 1000
    assert {"date", "machine", "fast"} <= set(kept)
    row = next(line for line in text.splitlines() if "00_one" in line and "MSE" in line)
    assert "0.5" in row
    assert "0.4 to 0.6" in row
    assert "in band" in row


def test_lessons_run_side_by_side(good):
    spans = []
    for name in ("00_one", "01_two"):
        about = nbformat.read(good[2] / f"{name}.ipynb", 4).metadata.papermill
        spans.append((about.start_time, about.end_time))
    (start_a, end_a), (start_b, end_b) = spans
    assert start_a < end_b
    assert start_b < end_a


def test_the_kernel_works_in_the_lessons_folder_with_its_share_of_cores(good):
    seen = read_json(good[2] / "00_one" / "seen.json")
    assert seen == {
        "COURSE_FAST": None,
        "OMP_NUM_THREADS": "3",
        "TF_NUM_INTRAOP_THREADS": "3",
    }


def test_two_may_write_one_file_and_a_reader_finds_it_whole(good, tmp_path):
    path, page = tmp_path / "metrics.json", tmp_path / "report.html"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: write_json(path, {"n": n}), range(200)))
        list(pool.map(lambda _: write_tables({}, tmp_path), range(50)))
    assert read_json(path)["n"] in range(200)
    assert (tmp_path / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbfstudent")
    page.write_text("old")
    os.link(page, tmp_path / "being read")
    write_report(page, good[0], dict.fromkeys(good[0]["lessons"]))
    assert (tmp_path / "being read").read_text() == "old"
    assert page.read_text().rstrip().endswith("</html>")
    assert not list(tmp_path.glob(".*"))


def test_progress_reaches_the_callback(good):
    mine = [state for lesson, state in good[3] if lesson == "01_two"]
    assert [state["n"] for state in mine] == [0, 1, 2]
    assert mine[-1]["text"] == "validation=2"
    assert mine[-1]["description"] == "training"


def test_the_report_stands_alone_and_shows_each_figure_under_its_heading(good):
    page = (good[2] / "report.html").read_text()
    assert f"data:image/png;base64,{PNG}" in page
    assert 'alt="Loss &lt;falls&gt; &amp; rests"' in page
    assert "<h3>The loss</h3>" in page
    assert "<h3>Training</h3>" not in page  # it has no figure
    assert "<script" not in page
    assert "http" not in page
    assert "SYNTHETIC" not in page


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """Every way to go wrong, and one sound lesson among them."""
    folder = tmp_path_factory.mktemp("bad") / "solutions"
    broken = "# a comment\nmade_up_name + 1"
    write_lesson(folder / "00_raises.ipynb", "x = 1", broken, "y = 2", metric())
    write_lesson(folder / "01_dies.ipynb", "import os\nos._exit(1)", metric())
    write_lesson(folder / "02_hangs.ipynb", "while True: pass", metric())
    write_lesson(folder / "03_outside.ipynb", metric(value="0.7"))
    write_lesson(folder / "04_nan.ipynb", metric("KL", value="nan"))
    write_lesson(folder / "05_null.ipynb", metric("KL", value="None"))
    write_lesson(folder / "06_silent.ipynb", "x = 1")
    write_lesson(folder / "07_leaves.ipynb", "raise SystemExit(0)", metric())
    write_lesson(folder / "08_sound.ipynb", metric())
    start = time.monotonic()
    result = run([], folder, folder.parent / "out", jobs=3, timeout=4)
    return *result, folder.parent / "out", time.monotonic() - start


def test_the_others_go_on_when_one_fails(bad):
    assert not bad[0]["ok"]
    assert shape_of(bad[0]) == {
        "00_raises": "failed",
        "01_dies": "failed",
        "02_hangs": "failed",
        "03_outside": "out of band",
        "04_nan": "out of band",
        "05_null": "out of band",
        "06_silent": "failed",
        "07_leaves": "failed",
        "08_sound": "ok",
    }


def test_a_failure_names_lesson_cell_and_error(bad):
    message = next(line for line in complaints(bad[0]) if "00_raises" in line)
    assert "code cell 2 (`made_up_name + 1`)" in message
    assert "NameError: name 'made_up_name' is not defined" in message
    assert message in bad[1]
    assert "NameError" in (bad[2] / "report.html").read_text()


def test_the_executed_notebook_is_kept_up_to_the_failure(bad):
    notebook = nbformat.read(bad[2] / "00_raises.ipynb", 4)
    counts = [c.execution_count for c in notebook.cells if c.cell_type == "code"]
    assert counts == [1, 2, None, None]
    assert any(out.output_type == "error" for out in figures.outputs(notebook))


def test_a_dead_kernel_is_noticed_soon(bad):
    lesson = bad[0]["lessons"]["01_dies"]
    assert (
        "code cell 1 (`import os`): DeadKernelError: the kernel died" in lesson["error"]
    )
    assert lesson["seconds"] < 15
    notebook = nbformat.read(bad[2] / "01_dies.ipynb", 4)
    assert notebook.cells[0].outputs[0].ename == "DeadKernelError"


def test_a_runaway_cell_is_stopped(bad):
    lesson = bad[0]["lessons"]["02_hangs"]
    assert "code cell 1 (`while True: pass`)" in lesson["error"]
    assert "longer than 4 s" in lesson["error"]
    assert 4 <= lesson["seconds"] < 20


def test_nan_is_out_of_band_and_the_record_stays_valid_json(bad):
    assert bad[0]["lessons"]["04_nan"]["metrics"][0]["verdict"] == "OUT OF BAND"
    text = (bad[2] / "metrics.json").read_text()
    assert "NaN" not in text
    assert (
        read_json(bad[2] / "metrics.json")["lessons"]["04_nan"]["metrics"][0]["value"]
        is None
    )
    assert "04_nan: KL is not a number, outside its band 0.4 to 0.6" in bad[1]


def test_a_full_run_must_record_a_figure(bad):
    assert "recorded no figure" in bad[0]["lessons"]["06_silent"]["error"]


def test_leaving_early_is_a_failure(bad):
    assert "SystemExit" in bad[0]["lessons"]["07_leaves"]["error"]


def test_no_kernel_is_left_behind(bad):
    assert not [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE
        and "ipykernel" in str(child.cmdline())
    ]


def test_fast_and_synthetic_runs_enforce_nothing_and_say_so(tmp_path):
    folder = tmp_path / "solutions"
    away = metric(value="9", data="SYNTHETIC")
    write_lesson(folder / "00_digits.ipynb", "import os", away)
    see = 'import os\nassert os.environ["COURSE_FAST"] == "1"'
    write_lesson(folder / "01_silent.ipynb", see)
    summary, text = run([], folder, tmp_path / "out", fast=True)
    assert summary["ok"]
    assert summary["lessons"]["00_digits"]["data"] == "SYNTHETIC"
    assert "SYNTHETIC data" in text
    assert "not enforced: fast, SYNTHETIC" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<title>SYNTHETIC data" in page
    assert page.count("SYNTHETIC") >= 4


def test_parameters_reach_the_notebook_with_their_types(solutions, tmp_path):
    given = {
        "epochs": "2",
        "batch_size": 97,
        "learning_rate": "1",
        "dataset": "123",
        "save": "false",
        "dims": "[64]",
    }
    summary, text = run(["01"], solutions, tmp_path / "out", parameters=given)
    values = read_json(tmp_path / "out" / "01_first" / "values.json")
    assert values == [2, 97, 1.0, "123", False, [64]]
    assert summary["ok"]
    assert summary["lessons"]["01_first"]["parameters"]["epochs"] == 2
    assert "not enforced: parameters" in text


def test_output_paths_leave_the_bands_in_force(solutions, tmp_path):
    where = tmp_path / "new folder {odd}" / "loss.png"
    out = tmp_path / "out {odd}"
    given = {"plot_path": str(where)}
    summary, _ = run(["01"], solutions, out, parameters=given)
    assert where.read_text() == "plot"
    assert (out / "01_first" / "model.pth").read_text() == "weights"
    assert summary["lessons"]["01_first"]["metrics"][0]["verdict"] == "in band"


@pytest.mark.parametrize(
    ("names", "given", "message"),
    [
        (["09_none"], {}, "There is no lesson '09_none'.* The lessons are: 01_first"),
        (["secnd"], {}, "Did you mean 02_second"),
        (["0"], {}, "fits more than one lesson: 01_first, 02_second"),
        (["no/such.ipynb"], {}, "no notebook at no/such.ipynb"),
        (["01"], {"epoch": "3"}, "has no parameter 'epoch'. Did you mean epochs"),
        (["02"], {"batch_size": "3"}, "Lesson 02_second has no parameter 'batch_size'"),
        (["01"], {"epochs": "many"}, "epochs must be a whole number.*'many' is not"),
        (["01"], {"epochs": "2.5"}, "epochs must be a whole number"),
        (["01"], {"epochs": True}, "epochs must be a whole number"),
        (["01"], {"epochs": "0"}, "epochs must be at least 1"),
        (["01"], {"batch_size": -4}, "batch_size must be at least 1"),
        (["01"], {"learning_rate": "fast"}, "learning_rate must be a number"),
        (["01"], {"learning_rate": "nan"}, "learning_rate must be a number"),
        (["01"], {"save": "maybe"}, "save must be true or false"),
        (["01"], {"dims": "2"}, "dims must be a list"),
        (["01"], {"dataset": 5}, "dataset must be text"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_runs(
    solutions, tmp_path, names, given, message
):
    with pytest.raises(CourseError, match=message) as caught:
        run(names, solutions, tmp_path / "out", parameters=given)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [{"jobs": 0}, {"jobs": -1}, {"timeout": 0}])
def test_less_than_one_at_a_time_is_refused(solutions, tmp_path, wrong):
    with pytest.raises(CourseError, match="--jobs and --timeout must be at least 1"):
        run(["01"], solutions, tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "gib", "at_once"), [({}, 8, 2), ({}, 4, 1), ({"jobs": 2}, 4, 2)]
)
def test_how_many_run_at_once(solutions, tmp_path, monkeypatch, given, gib, at_once):
    """As many as there is memory for; each computes with its share of the cores."""
    seen = []

    def note(runs, out, environment, jobs, *rest):
        seen.append((jobs, environment["OMP_NUM_THREADS"]))
        raise CourseError("enough has been seen")

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("course.run.lessons.cores", lambda: 8)
    monkeypatch.setattr(
        "psutil.virtual_memory", lambda: SimpleNamespace(available=gib * 2**30)
    )
    monkeypatch.setattr("course.run.lessons._execute_all", note)
    with pytest.raises(CourseError, match="enough"):
        run([], solutions, tmp_path / "out", **given)
    assert seen == [(at_once, str(8 // at_once))]


def test_the_longest_runs_first(tmp_path):
    summary = tmp_path / "metrics.json"
    assert longest_first(["00", "01"], summary) == ["01", "00"]
    seconds = {"00": 5, "01": 70, "02": 60}
    lessons = {name: {"seconds": each} for name, each in seconds.items()}
    summary.write_text(json.dumps({"lessons": lessons}))
    assert longest_first(["00", "01", "02", "03"], summary) == ["03", "01", "02", "00"]


def test_an_output_folder_that_cannot_be_written_is_refused(solutions, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match=r"file/out cannot be written: Not a dir"):
        run(["01"], solutions, tmp_path / "file" / "out")


def test_a_plot_that_cannot_be_written_is_refused(solutions, tmp_path):
    (tmp_path / "file").write_text("")
    given = {"plot_path": str(tmp_path / "file" / "loss.png")}
    with pytest.raises(CourseError, match="cannot be written"):
        run(["01"], solutions, tmp_path / "out", parameters=given)


def test_two_lessons_may_not_write_one_file(tmp_path):
    for name in ("00_one", "01_two"):
        path = tmp_path / "solutions" / f"{name}.ipynb"
        write_lesson(path, metric(), parameters='plot_path: str = "a.png"')
    given = {"plot_path": str(tmp_path / "loss.png")}
    with pytest.raises(CourseError, match="would all write"):
        run([], tmp_path / "solutions", tmp_path / "out", parameters=given)


TWO = [{"dataset": "MNIST"}, {"dataset": "FashionMNIST"}]


@pytest.fixture
def two_datasets(tmp_path):
    """A lesson for two data sets; its figure is in the band of the first only."""
    value = "{'MNIST': 0.5, 'FashionMNIST': 0.9}[dataset]"
    write_lesson(
        tmp_path / "04_both.ipynb",
        metric(value=value),
        parameters='dataset = "MNIST"',
        runs=TWO,
    )
    return tmp_path


def test_a_lesson_is_run_once_for_each_of_its_data_sets(two_datasets, tmp_path):
    out = tmp_path / "out"
    summary, text = run(["04"], two_datasets, out)
    assert shape_of(summary) == {"04_both": "ok", "04_both-FashionMNIST": "out of band"}
    assert "04_both-FashionMNIST" in text
    for name in shape_of(summary):
        assert (out / f"{name}.ipynb").exists()
        assert f'id="{name}"' in (out / "report.html").read_text()


def test_a_value_set_by_hand_replaces_the_planned_runs(two_datasets, tmp_path):
    chosen = {"dataset": "FashionMNIST"}
    summary, _ = run(["04"], two_datasets, tmp_path / "out", parameters=chosen)
    assert shape_of(summary) == {"04_both": "ok"}  # bands are for the lesson as it is
    assert summary["lessons"]["04_both"]["metrics"][0]["value"] == 0.9


def test_a_planned_run_with_an_unknown_parameter_is_refused(tmp_path):
    write_lesson(tmp_path / "04_odd.ipynb", metric(), parameters="epochs = 1", runs=TWO)
    with pytest.raises(CourseError, match="no parameter 'dataset'"):
        run(["04"], tmp_path, tmp_path / "out")
