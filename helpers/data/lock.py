"""One process at a time, also where the file system has no locks."""

import contextlib
import errno
from pathlib import Path


@contextlib.contextmanager
def alone(path: Path, what: str, longest: float):
    """Wait until no other process holds the same lock; say so if that is not at once.

    Parameters
    ----------
    path : Path
        The lock.
    what : str
        What is being fetched under it.
    longest : float
        Seconds to wait.
    """
    import filelock

    lock = filelock.FileLock(path) if _locks(path) else filelock.SoftFileLock(path)
    try:
        lock.acquire(timeout=1)
    except filelock.Timeout:
        print(f"Waiting for another notebook that is fetching {what} ...")
        lock.acquire(timeout=longest)
    try:
        yield
    finally:
        lock.release()


def _locks(path: Path) -> bool:
    """Whether the file system has locks; some that come over a network have none."""
    try:
        import fcntl
    except ImportError:  # Windows, whose locks are others
        return True
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
        else:
            fcntl.flock(file, fcntl.LOCK_UN)
            return True
    path.unlink()  # the other kind of lock is that this file is there
    return False
