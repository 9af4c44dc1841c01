"""A quiet machine for measuring: trainers pause, and a machine that others keep busy is noticed."""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import psutil

MOST_FOREIGN_CORES = 0.2
"""More than this used by others, and timings say more about them than about us."""


class MachineBusy(Exception):
    """Other processes use `cores` CPU cores; nothing measured now would mean anything."""

    def __init__(self, cores: float) -> None:
        super().__init__(f"other processes use {cores:.1f} CPU cores")
        self.cores = cores


def foreign_cores(over_s: float = 1.0) -> float:
    """CPU cores in use while this process does nothing for `over_s` seconds: what others take, on average."""
    before = psutil.cpu_times()
    time.sleep(over_s)
    after = psutil.cpu_times()
    idle_s = (after.idle - before.idle) + (after.iowait - before.iowait)
    return max(0.0, (psutil.cpu_count() or 1) - idle_s / over_s)


def running_trainers() -> list[int]:
    """The processes of this user that are `python -m inference train`."""
    return [
        process.pid
        for process in psutil.process_iter(["uids", "cmdline"])
        if process.info["uids"] is not None
        and process.info["uids"].real == os.getuid()
        and ["-m", "inference", "train"] in _triples(process.info["cmdline"] or [])
    ]


@contextmanager
def paused(pids: Iterable[int]) -> Iterator[None]:
    """Stop the processes and let them go on afterwards, whatever happens. Processes that are gone are no error."""
    with ExitStack() as resumptions:
        for pid in pids:
            try:
                process = psutil.Process(pid)  # remembers the start time: a reused number is never signalled
                if process.status() == psutil.STATUS_STOPPED:
                    continue
                process.suspend()
            except psutil.NoSuchProcess:
                continue
            resumptions.callback(_resume, process)
        yield


def _resume(process: psutil.Process) -> None:
    try:
        process.send_signal(signal.SIGCONT)
    except psutil.NoSuchProcess:
        return


def _triples(words: list[str]) -> list[list[str]]:
    return [words[at : at + 3] for at in range(len(words) - 2)]
