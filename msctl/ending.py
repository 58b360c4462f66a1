"""How a process ends."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn


def leave(status: int | str) -> NoReturn:
    """``sys.exit``, without the interpreter's last look for garbage.

    It goes through every object of every module, for up to a quarter of a second, to free what the kernel
    frees anyway; a service that is stopped is waited for.
    """
    gc.freeze()
    sys.exit(status)
