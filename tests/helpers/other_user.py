"""As another user, whom the modes of files and folders hold back: root may do anything."""

import os
import stat
from contextlib import contextmanager


@contextmanager
def other_user(folder):
    """Meanwhile root is nobody, who may come as far as `folder`."""
    root = os.geteuid() == 0
    above = [p for p in folder.resolve().parents if root and is_private(p)]
    for p in above:
        p.chmod(0o755)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for p in above:
            p.chmod(0o700)


@contextmanager
def mode_of(path, mode):
    """Meanwhile the file or folder has that mode."""
    before = stat.S_IMODE(path.stat().st_mode)
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


def is_private(folder):
    return stat.S_IMODE(folder.stat().st_mode) == 0o700
