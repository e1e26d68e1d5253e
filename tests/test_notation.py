"""The page of notation says what the lessons say."""

import re

from course import pack_root

SOLUTIONS = pack_root() / "solutions"
PAGE = (SOLUTIONS / "notation.py").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.removeprefix("# |").rstrip("|").split(" |")]
    for line in PAGE.splitlines()
    if line.startswith("# |") and "---" not in line
]


def test_names_are_those_of_the_lessons():
    every = {
        path.name[:2]: path.read_text(encoding="utf-8")
        for path in SOLUTIONS.glob("[0-9]*.py")
    }
    for row in ROWS:
        for name in re.findall(r"`([\w.]+)`", row[1]):
            word = re.compile(rf"\b{re.escape(name)}\b")
            using = [lesson for lesson, text in every.items() if word.search(text)]
            assert using or row[-1] not in every, (name, row)
        name = re.match(r"`([\w.]+)`", row[1])
        if name and row[-1] in every:
            word = rf"\b{re.escape(name[1])}\b"
            assert re.search(word, every[row[-1]]), (name[1], row)


def test_each_symbol_and_term_stands_once():
    general = PAGE.split("## Convolutions")
    for part in general:
        first = re.findall(r"^# \| (.+?) \|", part, re.M)
        first = [cell for cell in first if cell not in ("---", "symbol", "term")]
        assert len(first) == len(set(first))
