"""Files that are written whole: a reader finds the old or the new, never half."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Generator[BinaryIO]:
    """Open a file whose content takes its place in one step, at the end.

    Parameters
    ----------
    path : Path
        In a folder that is there.

    Yields
    ------
    binary file
        To write into. What stops the writing leaves the old file as it was.

    Raises
    ------
    OSError
        If there is no room or no right to write. The old file is still there.
    """
    # A name of its own: two processes may write the same file at once.
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            yield file
            # On the disk before it gets its name: else a power cut leaves it empty.
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
