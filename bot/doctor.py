"""`emoteface doctor`: tries every part for real and says what is wrong and what to do."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

import aiohttp
from sqlalchemy.exc import SQLAlchemyError

from bot.command import FaceCommand
from bot.core import Core, WorkerUnavailable, open_core
from bot.discord.doctor import Finding
from bot.discord.doctor import check as check_discord
from bot.emotes.download import guarded_connector
from bot.emotes.library import Surroundings, open_library
from bot.errors import FaceError
from bot.exclusive import AlreadyRunning, exclusive
from bot.models import EmoteSource
from bot.nats_server.process import CannotServe, server_program
from bot.replies import words_for
from bot.store.database import DatabaseUnusable, open_database
from bot.terminal import ORIGIN, without_store
from bot.texts import say
from bot.twitch.doctor import check as check_twitch
from config.queue import QueueSettings
from config.settings import CONFIG_VARIABLE, Settings
from inference.served import served_model_ids
from inference.weights import WeightsMissing

TRIAL = "😂"


async def examine(settings: Settings) -> bool:
    """Print every finding as it is made; True when nothing configured is broken."""
    healthy = True
    async for finding in _findings(settings):
        healthy = healthy and not finding.is_problem
        kind = "problem" if finding.is_problem else "warning" if finding.is_warning else "     ok"
        print(kind, finding.text, sep="  ", flush=True)
    print("\nEverything that is configured works." if healthy else "\nSome of it does not work, see above.")
    return healthy


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding(f"Settings: {os.environ.get(CONFIG_VARIABLE) or 'defaults'}, and the environment.")
    yield _data_dir(settings.data_dir)
    yield await _store(settings.store_url)
    yield _queue(settings.queue)
    yield _weights(settings)
    yield await _trial(settings)
    yield _web(settings, running=_is_running(settings.data_dir))
    for finding in await check_discord(settings.discord):
        yield finding
    async for finding in check_twitch(settings):
        yield finding
    async for finding in _emotes(settings):
        yield finding


def _is_running(data_dir: Path) -> bool:
    try:
        with exclusive(data_dir):
            return False
    except AlreadyRunning:
        return True
    except OSError:  # reported by the data directory's own finding
        return False


def _data_dir(path: Path) -> Finding:
    note = " and in use by a running emoteface" if _is_running(path) else ""
    try:
        with NamedTemporaryFile(dir=path):
            return Finding(f"Data directory: {path.resolve()} is writable{note}.")
    except OSError as error:
        return Finding(f"Data directory: {path.resolve()} cannot be written ({error.strerror}).", is_problem=True)


async def _store(url: str) -> Finding:
    try:
        async with open_database(url) as engine:
            return Finding(f"Store: {engine.dialect.name} answers and its schema is up to date.")
    except DatabaseUnusable as error:
        return Finding(f"Store: {error}", is_problem=True)
    except (SQLAlchemyError, OSError) as error:
        return Finding(f"Store: cannot be opened ({type(error).__name__}); check store.url.", is_problem=True)


def _queue(settings: QueueSettings) -> Finding:
    if settings.nats.served is None:
        place = "in this process" if settings.embedded else "for workers elsewhere"
        return Finding(f"Queue: {settings.url} holds {settings.max_jobs} jobs, {place}.")
    try:
        server_program()
    except CannotServe as error:
        return Finding(f"Queue: {error}", is_problem=True)
    return Finding(
        f"Queue: a NATS server of its own, elsewhere {settings.nats.served.url}, for {settings.max_jobs} jobs."
    )


def _weights(settings: Settings) -> Finding:
    try:
        models = served_model_ids(settings.inference)
    except WeightsMissing as error:
        return Finding(f"Model: {error}", is_problem=True)
    return Finding(f"Model: {', '.join(f'{style} is {model_id}' for style, model_id in models.items())}.")


async def _trial(settings: Settings) -> Finding:
    """One face, drawn the whole way."""
    problem: str | None = None
    try:
        with TemporaryDirectory(prefix="emoteface-") as scratch:
            async with open_core(without_store(settings), Path(scratch)) as core, core.service.running(grace_s=0):
                problem = await _problem_of_a_face(core)
    except* OSError:  # of the data directory, which its own finding names
        problem = "files cannot be written."
    return Finding(f"Trial: {problem}", is_problem=True) if problem else Finding(f"Trial: {TRIAL} has a face.")


async def _problem_of_a_face(core: Core) -> str | None:
    try:
        request = await core.service.ask(ORIGIN, FaceCommand((TRIAL,), await core.service.defaults(ORIGIN.scope_id)))
        await core.worker_ready()
    except FaceError as error:
        return say(words_for(error))
    except WorkerUnavailable as error:
        return f"the inference process does not start: {error}"
    async for progress in core.service.watch(request.id):
        if progress.refusal:
            return progress.refusal
    return None


async def _emotes(settings: Settings) -> AsyncIterator[Finding]:
    """Only Twitch can be set up wrongly; the others are up or not."""
    if not settings.twitch.client_secret:
        yield Finding("Emotes: Twitch's own are off, no application is set (EMOTEFACE_TWITCH__CLIENT_ID, …SECRET).")
    async with (
        aiohttp.ClientSession(connector=guarded_connector()) as session,
        open_library(session, settings.emotes, settings.twitch, count=lambda source, outcome: None) as opened,
    ):
        place = Surroundings()
        for shelf in [*await opened.library.own(place), *await opened.library.everybodys(place)]:
            if shelf.catalogue is not None:
                yield Finding(f"Emotes: {say(shelf.label)} has {len(shelf.catalogue)} emotes.")
            elif shelf.source is EmoteSource.TWITCH:
                yield Finding("Emotes: Twitch gives none; check the application's id and secret.", is_problem=True)
            else:
                yield Finding(f"Emotes: {say(shelf.label)} is out of reach; everything else works without it.")


def _web(settings: Settings, *, running: bool) -> Finding:
    address = f"{settings.web.host}:{settings.web.port}"
    if running:
        return Finding(f"Web: http://{address}/ is the running emoteface's, if it has these settings.")
    try:
        with socket.create_server((settings.web.host, settings.web.port)):
            return Finding(f"Web: http://{address}/ is free to listen on.")
    except OSError as error:
        text = f"Web: cannot listen on {address} ({error.strerror}); change web.host or web.port."
        return Finding(text, is_problem=True)
