"""One of the readers of answers, on a few lines."""

import ast

from course.grading.meanings import names_of
from course.grading.scopes import Scope
from course.grading.texts import Texts


def found_by(reader, source, given):
    """What it finds: the first line of each node, and what that reaches for."""
    tree = ast.parse(source)
    scope = Scope(tree, names_of(tree.body, ast.parse(given).body))
    read = reader(scope, Texts(scope)).found
    parts = [part for node in tree.body for part in ast.walk(node)]
    return {
        ast.unparse(node).splitlines()[0]: what
        for part in parts
        for node, what in read(part)
    }
