"""A process ends with its status, after what it still owes, and waits for nothing that cannot be undone."""

from __future__ import annotations

import subprocess
import sys

import pytest

_OWES = """
import atexit, threading
from concurrent.futures import ThreadPoolExecutor
from msctl.ending import leave
atexit.register(lambda: print("at exit", end=" "))
pool = ThreadPoolExecutor(1)
pool.submit(print, "done", end=" ").result()
threading.Thread(target=threading.Event().wait).start()
leave({status})
"""
_LOOKS_UP = """
import asyncio, sys, threading, time
from msctl import ending
never = threading.Event()

async def task():
    try:
        await asyncio.sleep(3600)
    finally:
        print("cancelled")

async def work():
    asyncio.get_running_loop().run_in_executor(None, never.wait)
    kept.append(asyncio.create_task(task()))
    await asyncio.sleep(0)
    return 3

kept = []
factory = None
if sys.argv[1] == "uvloop":
    import uvloop
    factory = uvloop.new_event_loop
ending.leave(ending.run(work(), factory))
"""


@pytest.mark.parametrize(("status", "code", "told"), [("0", 0, ""), ("3", 3, ""), ("'no'", 1, "no\n")])
def test_the_status_is_kept_and_what_is_owed_is_done(status: str, code: int, told: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _OWES.format(status=status)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "done at exit ", told)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_name_that_is_looked_up_for_ever_keeps_no_process(loop: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _LOOKS_UP, loop], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "cancelled\n", "")
