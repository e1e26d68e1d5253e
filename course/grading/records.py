"""Results that are kept, and what they depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course import pack_root
from course.files import write_json
from course.grading.intake import Submission
from course.sandbox.sandbox import Limits


def record_key(each: Submission, limits: Limits, unsafe: bool, pack: str) -> str:
    """What a result depends on: the file, the limits, and the pack's digest."""
    digest = hashlib.sha256(each.content)
    for part in (each.lesson, each.problem or "", limits, unsafe, pack):
        digest.update(f"\0{part}".encode())
    if not each.content:
        digest.update(each.name.encode())
    return digest.hexdigest()[:32]


def pack_digest(lesson: str) -> str:
    """What a lesson's results depend on in this pack: its solution and all code."""
    digest = hashlib.sha256()
    code = [
        path
        for folder in ("course", "helpers")
        for path in sorted((pack_root() / folder).rglob("*"))
        if path.suffix in (".py", ".bin")
    ]
    for path in [pack_root() / "solutions" / f"{lesson}.ipynb", *code]:
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def is_graded(out: Path, key: str) -> bool:
    """Tell whether there is a result that need not be tried again."""
    path = out / "records" / f"{key}.json"
    return path.exists() and "again" not in json.loads(path.read_text())


def save(out: Path, key: str, record: Mapping[str, Any]) -> None:
    """Keep one result; a half-written one is never found."""
    write_json(out / "records" / f"{key}.json", record)
