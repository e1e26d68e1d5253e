"""Download one data set's original files with torchvision, in a process of its own.

`helpers.data.mirrors` starts this file with `python -P`. A separate process keeps
torch out of a Keras kernel, and the time limit on sockets out of everybody's.
"""

import errno
import http.client
import json
import shutil
import socket
import sys

SILENCE = 20  # seconds without a byte after which a server counts as gone
FULL = 2**20  # a disk with fewer free bytes than this is full
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


def fetch(name: str, stage: str, address: str, files: dict[str, str]) -> None:
    """Let torchvision's own class bring the files and check them.

    Parameters
    ----------
    name : {"MNIST", "FashionMNIST"}
        Name of the class in `torchvision.datasets`.
    stage : str
        Folder to work in. Files already at `<stage>/<name>/raw` are kept if good.
    address : str
        Where the files lie, ending in a slash.
    files : dict
        MD5 of each file.

    Raises
    ------
    RuntimeError, OSError, http.client.HTTPException
        As torchvision raises them.
    """
    socket.setdefaulttimeout(SILENCE)
    from torchvision import datasets

    original = getattr(datasets, name)
    pinned = {"mirrors": [address], "resources": list(files.items())}
    type(name, (original,), pinned)(stage, download=True)


def main() -> int:
    """Fetch as the arguments say; print what went wrong as one line of JSON."""
    name, stage, address, files = sys.argv[1:]
    try:
        fetch(name, stage, address, json.loads(files))
    except (RuntimeError, OSError, http.client.HTTPException, ImportError) as error:
        number = getattr(error, "errno", None)
        if shutil.disk_usage(stage).free < FULL:
            number = errno.ENOSPC
        disk = number if number in DISK_ERRORS else None
        print(json.dumps({"reason": f"{type(error).__name__}: {error}", "disk": disk}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
