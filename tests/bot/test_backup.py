"""`emoteface backup` and `emoteface restore`."""

from __future__ import annotations

import asyncio
import io
import signal
import sqlite3
import tarfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.__main__ import main
from bot.backup import BackupFailed, back_up, restore
from bot.exclusive import AlreadyRunning, exclusive
from bot.models import FaceRequest, Origin, Platform, RequestState
from bot.nats_server.identity import identity_for, identity_in
from bot.store.database import DatabaseUnusable, open_database
from bot.store.pictures import PictureStore
from bot.store.requests import RequestStore
from bot.store.shelf import Folder
from config.queue import Served
from config.settings import Settings
from inference.protocol import FaceOptions, FaceResult
from tests.program import running_program


async def filled(settings: Settings, *names: str) -> None:
    now = time.time()
    async with open_database(settings.store_url) as engine:
        for name in names:
            origin = Origin(Platform.DISCORD, "guild", "channel", "user")
            await RequestStore(engine).add(
                FaceRequest(name, origin, (), FaceOptions(), now, now, state=RequestState.ANSWERED)
            )
            pictures = PictureStore(engine, Folder(settings.data_dir / "pictures"))
            await pictures.save(name, FaceResult("k", name.encode(), 1, 1, 1.0), now)


async def found(settings: Settings, *names: str) -> list[bytes | None]:
    async with open_database(settings.store_url) as engine:
        pictures = PictureStore(engine, Folder(settings.data_dir / "pictures"))
        loaded = [await pictures.load(name) for name in names]
        assert [await RequestStore(engine).get(name) is not None for name in names] == [p is not None for p in loaded]
        return [picture and picture.content for picture in loaded]


def elsewhere(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"data_dir": folder})


def archive(path: Path, files: Sequence[tuple[str, bytes]]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def test_what_is_backed_up_is_restored_on_another_machine(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(filled(settings, "one", "two"))
    said = back_up(settings, tmp_path / "backup.tar")
    assert "2 faces" in said
    assert (tmp_path / "backup.tar").stat().st_mode & 0o777 == 0o600
    new = elsewhere(settings, tmp_path / "new")
    restore(new, tmp_path / "backup.tar", replace=False)
    assert asyncio.run(found(new, "one", "two", "three")) == [b"one", b"two", None]
    assert not [path for path in new.data_dir.iterdir() if path.name.startswith("restore-")]


def test_workers_elsewhere_find_the_bots_own_nats_server_again(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(filled(settings, "one"))
    code = identity_for(Served(("faces.example.org",), 4222), settings.data_dir).join_code()
    back_up(settings, tmp_path / "a.tar")
    moved = elsewhere(settings, tmp_path / "other")
    other = identity_for(Served(("faces.example.org",), 4222), moved.data_dir).join_code()
    assert "1 faces" in restore(moved, tmp_path / "a.tar", replace=False)
    assert identity_in(moved.data_dir).join_code() == code != other
    secret = [path.stat().st_mode & 0o077 for path in (moved.data_dir / "nats").iterdir()]
    assert secret == [0] * 6, "what was there before is kept beside it"


def test_a_restore_replaces_only_when_told_to_and_keeps_what_was_there(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(filled(settings, "one"))
    back_up(settings, tmp_path / "backup.tar")
    asyncio.run(filled(settings, "two"))
    with pytest.raises(BackupFailed, match="--replace"):
        restore(settings, tmp_path / "backup.tar", replace=False)
    restore(settings, tmp_path / "backup.tar", replace=True)
    assert asyncio.run(found(settings, "one")) == [b"one"]
    [aside] = settings.data_dir.glob("emoteface.db.before-*")
    with closing(sqlite3.connect(aside)) as before:
        assert before.execute("SELECT count(*) FROM request").fetchall() == [(2,)]


def test_nothing_is_restored_under_a_running_program(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(filled(settings, "one"))
    back_up(settings, tmp_path / "backup.tar")
    with exclusive(settings.data_dir), pytest.raises(AlreadyRunning):
        restore(settings, tmp_path / "backup.tar", replace=True)


def test_a_backup_of_a_newer_version_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(filled(settings, "one"))
    with closing(sqlite3.connect(settings.data_dir / "emoteface.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    back_up(settings, tmp_path / "backup.tar")
    new = elsewhere(settings, tmp_path / "new")
    with pytest.raises(DatabaseUnusable, match="newer version"):
        restore(new, tmp_path / "backup.tar", replace=False)
    assert not (new.data_dir / "emoteface.db").exists()


@pytest.mark.parametrize(
    "files",
    [
        [],
        [("other.txt", b"x")],
        [("emoteface-backup.json", b"[]")],
        [("emoteface-backup.json", b'{"format": 3}')],
        [("emoteface-backup.json", b'{"format": 1}')],
        [("emoteface-backup.json", b'{"format": 1}'), ("emoteface.db", b"no database")],
        [("emoteface-backup.json", b'{"format": 1}'), ("emoteface.db", b"one"), ("emoteface.db", b"two")],
        [("emoteface-backup.json", b'{"format": 1}'), ("../outside.webp", b"x")],
        [("emoteface-backup.json", b'{"format": 2}'), ("emoteface.db", b"one"), ("nats/server.conf", b"x")],
        [("emoteface-backup.json", b'{"format": 1}'), ("pictures/../../outside.webp", b"x")],
        [("emoteface-backup.json", b'{"format": 1}'), ("/etc/outside.webp", b"x")],
    ],
)
def test_what_is_no_backup_is_refused(settings: Settings, tmp_path: Path, files: list[tuple[str, bytes]]) -> None:
    new = elsewhere(settings, tmp_path / "new")
    with pytest.raises(BackupFailed):
        restore(new, archive(tmp_path / "backup.tar", files), replace=False)
    assert {path.name for path in new.data_dir.iterdir()} == {"lock"}


def test_a_file_that_is_no_archive_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "backup.tar").write_bytes(bytes(2000))
    with pytest.raises(BackupFailed):
        restore(elsewhere(settings, tmp_path / "new"), tmp_path / "backup.tar", replace=False)


def test_of_postgresql_it_says_what_to_use_and_no_password(settings: Settings, tmp_path: Path) -> None:
    url = SecretStr("postgresql://emoteface:very-secret@db/faces")
    server = settings.model_copy(update={"store": settings.store.model_copy(update={"url": url})})
    with pytest.raises(BackupFailed, match=r"pg_dump.* faces`") as refused:
        back_up(server, tmp_path / "backup.tar")
    assert "very-secret" not in str(refused.value)


def test_the_commands_say_what_they_did_by_their_exit_codes(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def exit_code(*arguments: str) -> object:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return ended.value.code

    file = str(tmp_path / "backup.tar")
    assert exit_code("backup", file) == 1
    assert "nothing has been stored yet" in capsys.readouterr().err
    asyncio.run(filled(settings, "one"))
    assert exit_code("backup", file) == 0
    assert exit_code("restore", file) == 1
    assert exit_code("restore", file, "--replace") == 0
    assert "1 faces" in capsys.readouterr().out


async def test_a_running_program_is_backed_up(settings: Settings, tmp_path: Path) -> None:
    async with running_program(settings.data_dir, {"inference.runtime": "fakes.generators:instant"}) as program:
        await program.logged("program_started")
        await filled(settings, "one")
        assert "1 faces" in await asyncio.to_thread(back_up, settings, tmp_path / "backup.tar")
        assert await program.ended(signal.SIGTERM) == 0
    new = elsewhere(settings, tmp_path / "new")
    await asyncio.to_thread(restore, new, tmp_path / "backup.tar", replace=False)
    assert await found(new, "one") == [b"one"]
