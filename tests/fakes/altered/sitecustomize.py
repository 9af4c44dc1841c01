"""Python loads this at its start where this folder is in PYTHONPATH: a process that lives in another time, or is of
another version. `tests.program.altered` has the variables.

Only `time.time` is moved, which is all the program reads of the clock that can jump. The file is read at every look.
"""

import os
import time
from pathlib import Path

CLOCK_VARIABLE = "FAKE_CLOCK_FILE"  # names a file with the seconds to add, none while it is missing
PROTOCOL_VARIABLE = "FAKE_PROTOCOL_VERSION"

if CLOCK_VARIABLE in os.environ:
    _real, _file = time.time, Path(os.environ[CLOCK_VARIABLE])

    def _moved() -> float:
        try:
            return _real() + float(_file.read_text())
        except FileNotFoundError:
            return _real()

    time.time = _moved

if PROTOCOL_VARIABLE in os.environ:
    import inference.wire

    inference.wire.PROTOCOL_VERSION = int(os.environ[PROTOCOL_VARIABLE])
