"""A study in a process of its own, to be killed; forked from a server that has imported torch."""

import multiprocessing
import os
import signal
import time

from lessonlib.study.runner import main

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["lessonlib.study.runner"])


def start_study(folder, workers):
    """The process of the test plan, which records into `folder`."""
    process = context.Process(target=_study, args=[str(folder), workers])
    process.start()
    while process.is_alive() and os.getpgid(process.pid) != process.pid:
        time.sleep(0.01)
    return process


def _study(folder, workers):
    os.setsid()  # its workers are killed with it, and the tests are not
    os.environ["LESSON_RUNS"] = folder
    main(["test", "--workers", str(workers)])


def kill(process, with_workers):
    if with_workers:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.join()
