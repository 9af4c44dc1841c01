import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from inference.quiet import foreign_cores, paused, running_trainers


@pytest.fixture
def trainer() -> Iterator[subprocess.Popen[bytes]]:
    """A process whose command line is that of a trainer, and that waits."""
    command = [sys.executable, "-c", "input()", "-m", "inference", "train", "--data", "nowhere"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def wait_for_status(pid: int, *, stopped: bool) -> None:
    deadline = time.monotonic() + 20
    while (psutil.Process(pid).status() == psutil.STATUS_STOPPED) is not stopped:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_process_is_paused_for_the_time_of_the_block(trainer: subprocess.Popen[bytes]) -> None:
    with paused([trainer.pid]):
        wait_for_status(trainer.pid, stopped=True)
    wait_for_status(trainer.pid, stopped=False)


def test_a_process_goes_on_when_the_measuring_fails(trainer: subprocess.Popen[bytes]) -> None:
    def fail() -> None:
        wait_for_status(trainer.pid, stopped=True)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), paused([trainer.pid]):
        fail()
    wait_for_status(trainer.pid, stopped=False)


def test_a_process_that_somebody_else_had_paused_stays_paused(trainer: subprocess.Popen[bytes]) -> None:
    psutil.Process(trainer.pid).suspend()
    wait_for_status(trainer.pid, stopped=True)
    with paused([trainer.pid]):
        pass
    assert psutil.Process(trainer.pid).status() == psutil.STATUS_STOPPED


def test_a_process_that_is_gone_before_or_goes_meanwhile_is_no_error(trainer: subprocess.Popen[bytes]) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait(30)
    with paused([ended.pid, trainer.pid]):
        trainer.kill()
        trainer.wait(30)


def test_running_trainers_are_found_by_their_command_line(trainer: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while trainer.pid not in running_trainers():  # until it has become the program
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_working_neighbour_shows_in_the_foreign_load() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as neighbour:
        try:
            cores = foreign_cores(over_s=0.5)
        finally:
            neighbour.kill()
    assert 0.3 < cores <= (psutil.cpu_count() or 1)
