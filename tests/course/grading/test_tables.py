"""Tables of points."""

from course import files
from course.grading import tables


def test_a_name_that_is_a_formula_stays_text(tmp_path):
    assert tables.plain("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert files.file_name("../../etc") != "../../etc"
    assert files.file_name("a/b") != files.file_name("a-b")
