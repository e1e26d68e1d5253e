"""What cells gave out, of a notebook's JSON."""

import re

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def errors(cells):
    """The error outputs, as text without colors."""
    return [
        ANSI.sub("", "\n".join(output["traceback"]))
        for cell in cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "error"
    ]


def says(cells, name):
    """What cells printed to a stream."""
    return [
        "".join(output["text"])
        for cell in cells
        for output in cell.get("outputs", [])
        if output.get("name") == name
    ]


def data_of(cells):
    """All that cells display, by MIME type."""
    return [
        output["data"]
        for cell in cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
