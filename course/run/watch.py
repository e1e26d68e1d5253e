"""What is seen of a running kernel: its cells, its progress, its memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import psutil


class Watch:
    """One running kernel: its process, its peak memory, and what it reports.

    Parameters
    ----------
    on_cell : callable(number, count)
        Called when a cell starts.
    on_progress : callable(state)
        Called with each progress message, ``{"description", "n", "total", "text"}``.
    """

    def __init__(
        self,
        on_cell: Callable[[int, int], None] = lambda number, count: None,
        on_progress: Callable[[dict], None] = lambda state: None,
    ):
        self.on_cell = on_cell
        self.on_progress = on_progress
        self.peak_bytes = 0
        self.process: psutil.Process | None = None
        self.cancelled = False

    def kernel_started(self, pid: int) -> None:
        """Remember the kernel's process."""
        self.process = psutil.Process(pid)
        if self.cancelled:
            self.kill()

    def kill(self) -> None:
        """End the kernel, and any that would start later, at once."""
        self.cancelled = True
        for process in self._tree():
            try:
                process.kill()
            except psutil.Error:
                continue  # it has ended by itself

    def sample(self) -> None:
        """Update the peak with what the kernel and its children hold now."""
        total = 0
        for process in self._tree():
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
        self.peak_bytes = max(self.peak_bytes, total)

    def _tree(self) -> list[psutil.Process]:
        if self.process is None:
            return []
        try:
            return [self.process, *self.process.children(recursive=True)]
        except psutil.Error:
            return []

    @contextmanager
    def sampling(self, interval: float = 0.25) -> Generator[None]:
        """Sample memory from a thread for as long as the block runs."""
        done = threading.Event()

        def loop():
            while not done.wait(interval):
                self.sample()

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
