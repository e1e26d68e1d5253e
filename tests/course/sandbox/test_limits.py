"""What SECURITY.md promises of one submission is what holds if nobody says more."""

import re

from course import pack_root
from course.sandbox.limits import Limits

MIB, GIB = 2**20, 2**30


def test_the_limits_are_those_that_are_promised():
    text = " ".join((pack_root() / "SECURITY.md").read_text("utf-8").split())
    (promised,) = re.findall(r"is ended, with all it has started, beyond (.+?);", text)
    mine = Limits()
    for words in (
        f"{mine.seconds} s",
        f"{mine.memory / GIB:g} GiB of memory",
        f"{mine.processes} processes",
        f"a file of {mine.file_bytes / MIB:g} MiB",
        f"{mine.output_bytes / MIB:g} MiB of output",
    ):
        assert words in promised
    assert (
        f"in memory that is emptied after it, {mine.scratch_bytes / MIB:g} MiB" in text
    )
    assert f"takes longer than {mine.check_seconds} s" in text
    assert mine.check_seconds < mine.seconds, "one endless check leaves time for others"
    assert mine.address_space > mine.memory, "reserving costs nothing"
