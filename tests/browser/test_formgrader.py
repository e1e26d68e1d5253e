"""nbgrader's Formgrader on a class that `course grade` graded, and the points back."""

import csv
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from benchmarks.students import LESSON
from course import pack_root
from tests.browser.conftest import SCREENSHOTS, free_port
from tests.course.grading.judged import answered, graded, table, without_kernels

COMMENT = "Two mistakes, and how to tell them apart."
ANSWER = (
    "The mean over pixels. <script>document.title = 'taken over'</script>"
    "<img src=x onerror=\"document.title = 'taken over'\">"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A class of two, graded with ``--gradebook``."""
    place = tmp_path_factory.mktemp("class")
    with pytest.MonkeyPatch.context() as patch:
        without_kernels(patch)
        patch.chdir(pack_root())
        answered(place / "in", "ada", ANSWER)
        answered(place / "in", "Jörg Müller", "Beta is too large.")
        graded(place / "in", place / "out", gradebook=place / "formgrader")
    return place


@pytest.fixture(scope="module")
def server(place):
    """JupyterLab in the course folder, as an instructor starts it."""
    port, token = free_port(), secrets.token_hex()
    log = place.joinpath("lab.log").open("wb")
    bin_ = Path(sys.executable).parent
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={token}",
        ],
        cwd=place / "formgrader",
        env=os.environ
        | {
            "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
            "JUPYTER_CONFIG_DIR": str(place / ".jupyter"),
        },
        stdout=log,
        stderr=log,
    )
    try:
        end = time.monotonic() + 90
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                said = Path(log.name).read_text()[-2000:]
                assert process.poll() is None, said
                assert time.monotonic() < end, said
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}", token
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def nbgrader(place, *words):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=place / "formgrader",
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def test_points_given_in_formgrader_come_back(place, server, browser, monkeypatch):
    address, token = server
    signed_in = {"Authorization": f"token {token}"}
    page = browser.new_page(
        viewport={"width": 1280, "height": 900}, extra_http_headers=signed_in
    )
    page.goto(f"{address}/formgrader/gradebook/{LESSON}/{LESSON}")
    links = page.locator("a[href*='/formgrader/submissions/']")
    links.first.wait_for(timeout=60_000)
    assert len({link.get_attribute("href") for link in links.all()}) == 2
    with Gradebook(f"sqlite:///{place}/formgrader/gradebook.db") as gradebook:
        mine = gradebook.find_submission_notebook(LESSON, LESSON, "ada").id
    page.goto(f"{address}/formgrader/submissions/{mine}/")
    points = page.locator("input#think_beta")
    points.wait_for(timeout=60_000)
    assert "The mean over pixels." in page.content()
    assert "The check passed." in page.content()
    assert "taken over" not in page.title()
    points.fill("4")
    with page.expect_response(
        lambda answer: "/api/grade/" in answer.url and answer.request.method == "PUT"
    ):
        points.press("Tab")
    comment = page.locator("textarea#think_beta-comment")
    comment.fill(COMMENT)
    with page.expect_response(
        lambda answer: "/api/comment/" in answer.url and answer.request.method == "PUT"
    ):
        comment.blur()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "formgrader.png")
    # What the button of its list of assignments asks for.
    made = page.request.post(
        f"{address}/formgrader/api/assignment/{LESSON}/generate_feedback",
        headers=signed_in,
        timeout=90_000,
    ).json()
    assert made["success"], made
    page.close()

    feedback = place / "formgrader" / "feedback" / "ada" / LESSON / f"{LESSON}.html"
    assert COMMENT in feedback.read_text()
    nbgrader(place, "export")
    with (place / "formgrader" / "grades.csv").open() as file:
        exported = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
    assert {name: float(score) for name, score in exported.items()} == {
        "ada": 94,
        "Jörg Müller": 90,
    }

    without_kernels(monkeypatch)
    monkeypatch.chdir(pack_root())
    graded(place / "in", place / "out", gradebook=place / "formgrader")
    row = table(place / "out" / "grades.csv")["ada"]
    assert (row[f"{LESSON}: think_beta"], row["total"]) == ("4", "94")
    ours = (place / "out" / "feedback" / "ada" / f"{LESSON}.html").read_text()
    assert f"Comment: {COMMENT}" in ours
