"""What a kernel says, word by word: a client that hands out given messages."""

import queue
from dataclasses import replace

import nbformat
import pytest

from course.sandbox import conversation
from course.sandbox.conversation import Conversation, StoppedError
from course.sandbox.limits import Limits
from tests.course.handed_in import cells

LIMITS = Limits(seconds=5, output_bytes=10_000)
OK = {"status": "ok", "execution_count": 1}


class Scripted:
    """Says these messages of the first cell, and for the last word that it is idle."""

    def __init__(self, *said, reply=OK, idle=True):
        self.said, self.reply, self.sent = said, reply, 0
        self.heard, self.idle = [], idle

    def kernel_info(self):
        self.heard.append(message("status", {"execution_state": "busy"}, "info"))
        return "info"

    def execute(self, source, **options):
        self.sent += 1
        name = f"cell {self.sent}"
        if self.sent == 1:
            self.heard += [message(*each, name) for each in self.said]
        if self.idle:
            self.heard.append(message("status", {"execution_state": "idle"}, name))
        self.replies = [{"parent_header": {"msg_id": name}, "content": self.reply}]
        return name

    def get_iopub_msg(self, timeout):
        if not self.heard:
            raise queue.Empty
        return self.heard.pop(0)

    def get_shell_msg(self, timeout):
        return self.replies[0]


def message(kind, content, parent):
    return nbformat.from_dict(
        {
            "msg_type": kind,
            "header": {"msg_type": kind},
            "parent_header": {"msg_id": parent},
            "content": content,
        }
    )


def talk(*said, limits=LIMITS, has_spoken=lambda: False, **script):
    """Run one cell and give it back."""
    notebook = cells("x")
    Conversation(Scripted(*said, **script), limits, has_spoken).execute(notebook)
    return notebook.cells[0]


def shown(text, **more):
    return "display_data", {"data": {"text/plain": text}, "metadata": {}, **more}


@pytest.mark.parametrize("transient", [None, [], "x", 5, {}, {"display_id": ["x"]}])
def test_transient_data_may_be_anything(transient):
    update = ("update_display_data", shown("new", transient=transient)[1])
    cell = talk(shown("old", transient=transient), update)
    assert [out.data["text/plain"] for out in cell.outputs] == ["old"]


def test_an_update_reaches_the_display_of_its_name():
    one, two = ({"display_id": name} for name in ("one", "two"))
    update = ("update_display_data", shown("new", transient=two)[1])
    cell = talk(shown("a", transient=one), shown("b", transient=two), update)
    assert [out.data["text/plain"] for out in cell.outputs] == ["a", "new"]


def test_all_may_be_printed_up_to_the_limit_and_no_byte_more():
    said = [("stream", {"name": "stdout", "text": "x" * 3000})] * 3
    idle = {"execution_state": "idle"}
    size = 3 * conversation._size(said[0][1]) + conversation._size(idle)
    cell = talk(*said, limits=replace(LIMITS, output_bytes=size))
    assert cell.outputs[0].text == "x" * 9000
    with pytest.raises(StoppedError, match="it printed more than"):
        talk(*said, limits=replace(LIMITS, output_bytes=size - 1))


def test_a_cell_that_never_ends_is_stopped():
    with pytest.raises(StoppedError, match="it ran longer than 0 s"):
        talk(idle=False, limits=replace(LIMITS, seconds=0))


def test_a_word_from_the_parent_ends_all():
    with pytest.raises(StoppedError, match=r"^$"):
        talk(has_spoken=lambda: True)


def test_a_cell_that_failed_without_a_message_gets_one():
    cell = talk(reply={"status": "error", "ename": "ValueError"})
    (error,) = cell.outputs
    assert (error.ename, error.output_type) == ("ValueError", "error")
    assert "its message was not sent" in error.evalue
    said = ("error", {"ename": "E", "evalue": "told", "traceback": []})
    cell = talk(said, reply={"status": "error"})
    assert [error.evalue for error in cell.outputs] == ["told"]


def test_a_check_has_a_time_of_its_own():
    notebook = cells("x", "x")
    check = {"grade": True, "solution": False, "grade_id": "check_x", "points": 1}
    notebook.cells[1].metadata["nbgrader"] = check | {"locked": True}
    limits = replace(LIMITS, check_seconds=0)
    talk = Conversation(Scripted(), limits, lambda: False)
    with pytest.raises(StoppedError, match="it ran longer than 0 s"):
        talk.execute(notebook)
    assert talk.running == 1


def test_half_a_letter_cannot_be_written_down():
    with pytest.raises(UnicodeEncodeError):
        talk(("stream", {"name": "stdout", "text": "\ud800"}))


class HardOfHearing(Scripted):
    """The outputs of these questions are lost or late, as when it listens too late."""

    def __init__(self, lost, late=0):
        super().__init__()
        self.lost, self.late, self.asked, self.waited = lost, late, 0, 0.0

    def kernel_info(self):
        self.asked += 1
        if self.asked > self.lost:
            number = self.asked - self.late
            about = f"info {number}"
            self.heard.append(message("status", {"execution_state": "busy"}, about))
        return f"info {self.asked}"

    def get_iopub_msg(self, timeout):
        if not self.heard:
            self.waited += timeout
        return super().get_iopub_msg(timeout)


@pytest.mark.parametrize("late", [0, 1])
def test_a_kernel_whose_first_answer_is_lost_is_asked_again_soon(late):
    client = HardOfHearing(1, late)
    Conversation(client, LIMITS, lambda: False).execute(cells("x"))
    assert client.asked == 2
    assert client.waited <= 0.1


def test_a_kernel_that_never_answers_did_not_start(monkeypatch):
    monkeypatch.setattr(conversation, "START_SECONDS", 0.01)
    with pytest.raises(StoppedError, match="its kernel did not start"):
        Conversation(HardOfHearing(10**9), LIMITS, lambda: False).execute(cells("x"))


def test_a_kernel_that_never_answers_is_left_once_its_parent_speaks():
    with pytest.raises(StoppedError, match=r"^$"):
        Conversation(HardOfHearing(10**9), LIMITS, lambda: True).execute(cells("x"))
