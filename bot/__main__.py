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
    from bot.app import AlreadyRunning, run

    _log(settings)
    code = OK
    try:
        asyncio.run(run(settings))
    except* (AlreadyRunning, OSError) as errors:
        code = FAILED
        for error in _leaves(errors):
            print(f"emoteface cannot run: {error}", file=sys.stderr)
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
    secrets = (settings.discord.token, settings.twitch.client_secret, settings.store.url)
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

    settings = commands.add_parser("settings", help="show the effective settings and where each comes from")
    settings.set_defaults(command=_settings)
    return parser


def _realism(text: str) -> float:
    return FaceOptions(realism=float(text)).realism


def _iterations(text: str) -> Iterations:
    from bot.command import read_iterations

    return read_iterations(text)


def _seed(text: str) -> int:
    return FaceOptions(seed=int(text)).seed or 0


if __name__ == "__main__":
    main()
