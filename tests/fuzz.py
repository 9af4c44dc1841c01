"""`make fuzz`: what reads bytes and text from outside, fed with ever new examples for a stated time.

python -m tests.fuzz --minutes 10

Each round runs the property tests of the decoders with another seed; the first failure ends it and names the seed.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import time
from pathlib import Path

from tests.printing import print_line

ROOT = Path(__file__).parent.parent
DECODERS = {
    "pictures": ["tests/bot/decode/test_any_bytes.py", "tests/bot/decode/test_animations.py"],
    "protocol": ["tests/inference/test_wire.py", "tests/inference/test_protocol_hostile.py"],
    "markup and commands": [
        "tests/bot/test_command.py", "tests/bot/emotes/test_chat_words.py", "tests/bot/emotes/test_links.py",
        "tests/bot/emotes/test_names.py", "tests/bot/emotes/test_unicode.py", "tests/bot/guessing/test_names.py",
    ],
}  # fmt: skip


def main() -> int:
    """Rounds until the time is over; 1 at the first failure."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="(%(default)s)")
    until = time.monotonic() + parser.parse_args().minutes * 60
    files, rounds = [file for each in DECODERS.values() for file in each], 0
    while time.monotonic() < until:
        seed = secrets.randbelow(2**32)
        pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"--hypothesis-seed={seed}"]
        done = subprocess.run([*pytest, *files], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            print_line(f"{done.stdout}{done.stderr}\nfailed in round {rounds + 1} with --hypothesis-seed={seed}")
            return 1
        rounds += 1
        print_line(f"round {rounds}: {done.stdout.strip().splitlines()[-1]}")
    print_line(f"{rounds} rounds over {', '.join(DECODERS)}: nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
