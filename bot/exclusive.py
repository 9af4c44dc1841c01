"""One data directory belongs to one program, or to several that share the bot's shards."""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Another emoteface uses this data directory."""


@contextmanager
def exclusive(data_dir: Path, parts: Collection[str] = ()) -> Iterator[None]:
    """Hold the data directory for this process, or only these parts of it; the locks go with the process, however it
    ends."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with ExitStack() as locks:
        taken = {"lock": fcntl.LOCK_SH if parts else fcntl.LOCK_EX} | {f"{part}.lock": fcntl.LOCK_EX for part in parts}
        for name, kind in taken.items():
            file = locks.enter_context((data_dir / name).open("w"))
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(f"another emoteface uses {data_dir.resolve()} ({name})") from None
        yield
