"""File systems without room."""

from pathlib import Path


def fill(disk: Path) -> Path:
    """To the last byte, with a file that can be deleted."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return path
