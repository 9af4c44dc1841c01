"""`emoteface backup FILE` and `emoteface restore FILE`: everything that lasts, in one tar file.

A backup is taken from the running program: SQLite copies itself within one transaction for reading. The faces are
added afterwards; one that is swept meanwhile is missing in it, as it soon would be anyway. Who the bot's own NATS
server is comes along, so that workers elsewhere find it again. PostgreSQL and buckets have ways of their own, which are
named.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath

from sqlalchemy import make_url

from bot.exclusive import exclusive
from bot.nats_server.identity import FOLDER, LASTING
from bot.nats_server.secret_files import write_secret
from bot.store.database import open_database
from config.settings import Settings

_FORMAT = 2
_READABLE = (1, 2)  # the first had no NATS server in it
_MANIFEST, _DATABASE, _PICTURES = "emoteface-backup.json", "emoteface.db", "pictures"
_MAX_MANIFEST_BYTES = 10_000


class BackupFailed(Exception):
    """The text says what to do instead."""


def back_up(settings: Settings, target: Path) -> str:
    """Write the backup, which appears whole under its name, readable for its owner only; return what is in it.

    Raise BackupFailed or OSError.
    """
    database, pictures = _database(settings), settings.data_dir / "pictures"
    if not database.exists():
        raise BackupFailed(f"{database} is not there: nothing has been stored yet")
    partial = target.with_name(f"{target.name}.partial")
    try:
        with _opened_for_owner(partial) as file, tarfile.open(fileobj=file, mode="w") as archive:
            _add_manifest(archive)
            _add_database(archive, database)
            for path in filter(Path.exists, _lasting(settings.data_dir)):
                archive.add(path, f"{FOLDER}/{path.name}")
            count = sum(_added(archive, path, pictures) for path in _files(pictures))
            archive.close()
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    elsewhere = f"; faces in {settings.pictures.url} are not in it" if settings.pictures.url else ""
    return f"{target}: the database and {count} faces, {target.stat().st_size / 1e6:.1f} MB{elsewhere}"


def restore(settings: Settings, source: Path, *, replace: bool) -> str:
    """Put a backup where it came from, while nothing runs; what was there before is kept beside it with `replace`,
    and in the way without it. Return what was done.

    Raise BackupFailed, AlreadyRunning, DatabaseUnusable for a backup of a newer version, or OSError.
    """
    database = _database(settings)
    with exclusive(settings.data_dir):
        if database.exists() and not replace:
            raise BackupFailed(f"{database} is there already; --replace puts it aside")
        database.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="restore-", dir=settings.data_dir) as scratch:
            count = _unpack(source, Path(scratch))
            _check(Path(scratch) / _DATABASE)
            aside = _put_aside(database)
            _move_pictures(Path(scratch) / _PICTURES, settings.data_dir / "pictures")
            _move_identity(Path(scratch), settings.data_dir)
            (Path(scratch) / _DATABASE).replace(database)
    kept = f"; what was there is {aside}" if aside else ""
    return f"{database.parent}: the database and {count} faces are back{kept}"


def _database(settings: Settings) -> Path:
    url = make_url(settings.store_url)
    if url.get_backend_name() != "sqlite":
        raise BackupFailed(
            f"the store is PostgreSQL: use `pg_dump --format=custom --file=emoteface.dump {url.database}` and "
            f"`pg_restore --clean --if-exists --dbname={url.database} emoteface.dump`; the faces are in "
            f"{settings.pictures.url or settings.data_dir / 'pictures'}"
        )
    if not url.database or url.database == ":memory:":
        raise BackupFailed("the store is in memory: there is nothing to keep")
    return Path(url.database)


@contextmanager
def _opened_for_owner(path: Path) -> Iterator[io.BufferedWriter]:
    """There are tokens in it."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield file


def _add_manifest(archive: tarfile.TarFile) -> None:
    content = json.dumps({"format": _FORMAT, "made_at": time.time()}).encode()
    entry = tarfile.TarInfo(_MANIFEST)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _add_database(archive: tarfile.TarFile, database: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="backup-", dir=database.parent) as scratch:
        copy = Path(scratch) / _DATABASE
        with closing(sqlite3.connect(database)) as original, closing(sqlite3.connect(copy)) as target:
            original.backup(target)
        archive.add(copy, _DATABASE)


def _files(pictures: Path) -> list[Path]:
    return sorted(pictures.glob("*/*.webp"))


def _added(archive: tarfile.TarFile, path: Path, pictures: Path) -> bool:
    try:
        archive.add(path, f"{_PICTURES}/{path.relative_to(pictures).as_posix()}")
    except FileNotFoundError:  # swept meanwhile
        return False
    return True


def _unpack(source: Path, scratch: Path) -> int:
    """Only what a backup consists of; return how many faces there are."""
    try:
        with tarfile.open(source, mode="r:") as archive:
            first = archive.next()
            if first is None or first.name != _MANIFEST or first.size > _MAX_MANIFEST_BYTES:
                raise BackupFailed(f"{source} is no backup of emoteface")
            manifest = archive.extractfile(first)
            if manifest is None or json.loads(manifest.read()).get("format") not in _READABLE:
                raise BackupFailed(f"{source} is a backup of a newer version of emoteface")
            members = [member for member in archive if member.name != _MANIFEST]
            if not all(member.isfile() and _belongs(member.name) for member in members):
                raise BackupFailed(f"{source} holds files that no backup has")
            for member in members:
                _extract(archive, member, scratch / member.name)
    except (tarfile.TarError, FileExistsError, ValueError, AttributeError) as error:
        raise BackupFailed(f"{source} cannot be read: {type(error).__name__}") from None
    return sum(member.name.startswith(f"{_PICTURES}/") for member in members)


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Nothing but the content: Python 3.11 before its fourth release knows no filters that leave out all else."""
    target.parent.mkdir(parents=True, exist_ok=True)
    content = archive.extractfile(member)
    assert content is not None, "it is a file"
    with content, target.open("xb") as file:
        shutil.copyfileobj(content, file)


def _belongs(name: str) -> bool:
    path = PurePosixPath(name)
    is_picture = (
        len(path.parts) == 3 and path.parts[0] == _PICTURES and path.suffix == ".webp" and ".." not in path.parts
    )
    return is_picture or name in {_DATABASE, *(f"{FOLDER}/{each}" for each in LASTING)}


def _check(database: Path) -> None:
    """Whole, and of this version or an older one, which it brings up to date."""
    if not database.exists():
        raise BackupFailed("the backup has no database in it")
    try:
        with closing(sqlite3.connect(database)) as connection:
            [(found,)] = connection.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.DatabaseError as error:
        raise BackupFailed(f"the backup's database cannot be read: {error}") from None
    if found != "ok":
        raise BackupFailed(f"the backup's database is damaged: {found}")
    asyncio.run(_migrate(database))


async def _migrate(database: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{database}"):
        pass


def _put_aside(database: Path) -> Path | None:
    """With its log, without which it may lack the last commits."""
    if not database.exists():
        return None
    aside = _aside(database)
    for suffix in ("-wal", "-shm", ""):
        path = database.with_name(database.name + suffix)
        if path.exists():
            path.replace(aside.with_name(aside.name + suffix))
    return aside


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.before-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")


def _lasting(data_dir: Path) -> Iterator[Path]:
    return (data_dir / FOLDER / name for name in LASTING)


def _move_identity(found: Path, data_dir: Path) -> None:
    for path, target in zip(_lasting(found), _lasting(data_dir), strict=True):
        if path.exists():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            if target.exists():
                target.replace(_aside(target))
            write_secret(target, path.read_bytes())


def _move_pictures(found: Path, pictures: Path) -> None:
    for path in _files(found):
        target = pictures / path.relative_to(found)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
