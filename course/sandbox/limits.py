"""What one submission may use."""

from __future__ import annotations

from dataclasses import dataclass

OUTPUT_BYTES = 30 * 2**20


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    seconds: int = 300
    """From its first cell to its last."""
    check_seconds: int = 60
    """One check; the exercise alone loses its points that takes longer."""
    memory: int = 3 * 2**30
    """Bytes really touched, all its processes together."""
    address_space: int = 32 * 2**30
    """Bytes reserved; torch alone takes several GiB."""
    processes: int = 32
    file_bytes: int = 256 * 2**20
    scratch_bytes: int = 512 * 2**20
    output_bytes: int = OUTPUT_BYTES
