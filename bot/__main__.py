"""The command line of emoteface: settings in, exit code out. Nothing else in the program ends the process."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from config.settings import Settings, SettingsError, effective_settings, load_settings
from inference.protocol import FaceOptions, Iterations, Layout, Style

OK, FAILED, USAGE = 0, 1, 2
JOIN_PATIENCE_S = 15.0


def main(arguments: Sequence[str] | None = None) -> None:
    """`emoteface …` and `python -m bot …`."""
    parsed = _parser().parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"The settings cannot be used:\n{error}", file=sys.stderr)
        sys.exit(USAGE)
    command: Callable[[argparse.Namespace, Settings], int] = parsed.command
    sys.exit(command(parsed, settings))


def _run(_: argparse.Namespace, settings: Settings) -> int:
    from sqlalchemy.exc import SQLAlchemyError

    from bot.app import run
    from bot.exclusive import AlreadyRunning
    from bot.nats_server.process import CannotServe
    from bot.store.database import DatabaseUnusable
    from bot.store.outage import kind_of

    _log(settings)
    code = OK
    try:
        asyncio.run(run(settings))
    except* (AlreadyRunning, CannotServe, DatabaseUnusable, OSError) as errors:
        code = FAILED
        for error in _leaves(errors):
            print(f"emoteface cannot run: {error}", file=sys.stderr)
    except* SQLAlchemyError as errors:  # values may be in their texts
        code = FAILED
        for error in _leaves(errors):
            print(f"emoteface cannot run: the store fails ({kind_of(error)}); check store.url", file=sys.stderr)
    return code


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _face(parsed: argparse.Namespace, settings: Settings) -> int:
    from bot.command import default_options
    from bot.terminal import draw_from_terminal

    _log(settings, level="error")
    names = ("style", "realism", "iterations", "seed", "layout")
    chosen = {name: value for name in names if (value := getattr(parsed, name)) is not None}
    options = default_options(settings.inference).changed(**chosen)
    drawing = draw_from_terminal(settings, parsed.inputs or [""], options, parsed.output, channel=parsed.channel)
    return OK if asyncio.run(drawing) else FAILED


def _doctor(_: argparse.Namespace, settings: Settings) -> int:
    from bot.doctor import examine

    _log(settings, level="error")
    return OK if asyncio.run(examine(settings)) else FAILED


def _backup(parsed: argparse.Namespace, settings: Settings) -> int:
    from bot.backup import BackupFailed, back_up, restore
    from bot.exclusive import AlreadyRunning
    from bot.store.database import DatabaseUnusable

    _log(settings, level="error")
    try:
        if parsed.restores:
            print(restore(settings, parsed.file, replace=parsed.replace))
        else:
            print(back_up(settings, parsed.file))
    except (BackupFailed, AlreadyRunning, DatabaseUnusable, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    return OK


def _join(_: argparse.Namespace, settings: Settings) -> int:
    from bot.nats_server.identity import NothingServed, identity_in

    try:
        print(f"emoteface-worker --join {identity_in(settings.data_dir, JOIN_PATIENCE_S).join_code()}")
    except (NothingServed, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    return OK


def _operator(parsed: argparse.Namespace, settings: Settings) -> int:
    from bot.operating.command import carry_out

    _log(settings, level="error")
    return OK if asyncio.run(carry_out(parsed, settings)) else FAILED


def _twitch(parsed: argparse.Namespace, settings: Settings) -> int:
    from bot.twitch.command import carry_out

    _log(settings, level="error")
    return OK if asyncio.run(carry_out(parsed, settings)) else FAILED


def _panel(_: argparse.Namespace, settings: Settings) -> int:
    from bot.web.logins.command import hand_out

    _log(settings, level="error")
    return OK if asyncio.run(hand_out(settings)) else FAILED


def _overlay(parsed: argparse.Namespace, settings: Settings) -> int:
    from bot.web.overlay.command import print_address

    _log(settings, level="error")
    return OK if asyncio.run(print_address(parsed.scope, settings, rotate=parsed.rotate)) else FAILED


def _settings(_: argparse.Namespace, settings: Settings) -> int:
    lines = list(effective_settings(settings))
    name_width = max(len(line.name) for line in lines)
    value_width = min(40, max(len(line.value) for line in lines))
    for line in lines:
        print(f"{line.name:<{name_width}}  {line.value:<{value_width}}  {line.origin}")
    return OK


def _log(settings: Settings, level: str | None = None) -> None:
    from bot.logs import configure_logging

    log = settings.log.model_copy(update={"level": level}) if level else settings.log
    secrets = (
        settings.discord.token,
        settings.discord.client_secret,
        settings.twitch.client_secret,
        settings.store.url,
        settings.store.key,
        settings.pictures.secret_access_key,
        settings.queue.nats.password,
        settings.queue.nats.token,
        settings.queue.nats.join,
    )
    configure_logging(log, [secret.get_secret_value() for secret in secrets if secret])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emoteface",
        description="Chat emotes in, almost-real human faces out.",
        epilog="Settings: a YAML file named by EMOTEFACE_CONFIG, and EMOTEFACE_… variables; see `emoteface settings`.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run everything that is configured, with embedded defaults for the rest")
    run.set_defaults(command=_run)

    face = commands.add_parser("face", help="draw faces from the terminal")
    face.add_argument("inputs", nargs="*", metavar="EMOTE_OR_FILE", help="😂, :pizza:, LUL, kappa.png …; none: any")
    face.add_argument("--channel", metavar="NAME", help="a Twitch channel whose emotes count, too")
    face.add_argument("-o", "--output", type=Path, default=Path(), metavar="OUT", help="file, or folder for several")
    face.add_argument("--style", type=Style, choices=list(Style))
    face.add_argument("--realism", type=_realism, metavar="R", help="0 keeps the emote, 1 trusts the network")
    face.add_argument("--iterations", type=_iterations, metavar="N", help="feed it back; auto: the best of ten rounds")
    face.add_argument("--seed", type=_seed, metavar="N", help="another seed, another face")
    face.add_argument("--layout", type=Layout, choices=list(Layout), default=Layout.FACE)
    face.set_defaults(command=_face)

    doctor = commands.add_parser("doctor", help="check configuration, model, directories and tokens")
    doctor.set_defaults(command=_doctor)

    backup = commands.add_parser("backup", help="write everything that lasts into one file; also while it runs")
    backup.add_argument("file", type=Path, metavar="FILE")
    backup.set_defaults(command=_backup, restores=False)

    restore = commands.add_parser("restore", help="put a backup back, while nothing runs")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--replace", action="store_true", help="put what is there now aside")
    restore.set_defaults(command=_backup, restores=True)

    join = commands.add_parser("join", help="print the line, a secret, that makes another machine draw for this bot")
    join.set_defaults(command=_join)

    settings = commands.add_parser("settings", help="show the effective settings and where each comes from")
    settings.set_defaults(command=_settings)

    twitch = commands.add_parser("twitch", help="accounts of Twitch: the bot's, and channels it is in")
    twitch.set_defaults(command=_twitch)
    _add_twitch_commands(twitch.add_subparsers(required=True, metavar="WHAT", dest="what"))

    panel = commands.add_parser("panel", help="print a link that logs you in to the panel; also while it runs")
    panel.set_defaults(command=_panel)

    overlay = commands.add_parser("overlay", help="print the secret address of a stream overlay; also while it runs")
    overlay.add_argument("scope", metavar="CHANNEL", help="a connected Twitch channel's name, or a Discord server's id")
    overlay.add_argument("--rotate", action="store_true", help="make a new one; the old one shows nothing any more")
    overlay.set_defaults(command=_overlay)

    operator = commands.add_parser("operator", help="reports, takedowns, blocks, the kill switch; also while it runs")
    operator.set_defaults(command=_operator)
    _add_operator_commands(operator.add_subparsers(required=True, metavar="WHAT", dest="what"))
    return parser


def _add_operator_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands.add_parser("reports", help="the faces that were reported and not decided about")
    takedown = commands.add_parser("takedown", help="delete a face wherever it is shown or stored")
    takedown.add_argument("request_id", metavar="REQUEST")
    takedown.add_argument("--block", action="store_true", help="and draw nothing any more of what it was made of")
    dismiss = commands.add_parser("dismiss", help="close the reports of a face")
    dismiss.add_argument("request_id", metavar="REQUEST")
    for name, words in (("block", "block everywhere"), ("unblock", "take such a block back")):
        block = commands.add_parser(name, help=words)
        block.add_argument("kind", choices=("user", "emote"))
        block.add_argument("name", metavar="ID", help="of a Discord user, or source:id of an emote")
    leave = commands.add_parser("leave", help="have the bot leave a server")
    leave.add_argument("server", metavar="SERVER")
    commands.add_parser("pause", help="draw nothing anywhere")
    commands.add_parser("resume", help="draw again")
    broadcast = commands.add_parser("broadcast", help="tell every server once, in its log or system channel")
    broadcast.add_argument("words", metavar="WORDS")
    commands.add_parser("stats", help="servers, open reports, what is left to do")
    export = commands.add_parser("export-server", help="everything stored about a server, as JSON")
    export.add_argument("server", metavar="SERVER")
    export.add_argument("-o", "--output", type=Path, metavar="FILE")


def _add_twitch_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands.add_parser("login", help="log the bot's account in: the one that speaks in chat")
    connect = commands.add_parser("connect", help="let the bot into a channel; its broadcaster types a code in")
    connect.add_argument("--rewards", action="store_true", help="with channel points")
    connect.add_argument("--followers", action="store_true", help="so that it can be limited to followers")
    commands.add_parser("accounts", help="who is connected")
    disconnect = commands.add_parser("disconnect", help="let an account leave: its tokens are revoked and forgotten")
    disconnect.add_argument("login", metavar="NAME", help="of the account")
    disconnect.add_argument("--bot", action="store_true", help="the bot's account, not a channel")


def _realism(text: str) -> float:
    return FaceOptions(realism=float(text)).realism


def _iterations(text: str) -> Iterations:
    from bot.command import read_iterations

    return read_iterations(text)


def _seed(text: str) -> int:
    return FaceOptions(seed=int(text)).seed or 0


if __name__ == "__main__":
    main()
