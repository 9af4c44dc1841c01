"""What is kept about people, why, and for how long: one statement, from the settings that the sweepers follow."""

from __future__ import annotations

from dataclasses import dataclass

from bot.texts import Text, counted
from config.settings import RequestsSettings

KEEP_LEFT_SERVERS_DAYS = 30
"""The data of a server that the bot was removed from."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One row of the statement."""

    what: Text
    why: Text
    how_long: Text


def kept(requests: RequestsSettings) -> tuple[Kept, ...]:
    """Everything that is stored; what is not listed here is not stored."""
    return (
        Kept(
            Text("Requests: who asked where and when for which emotes, with which options"),
            Text("To answer after a restart, for the buttons, for fair limits, and for your right to delete faces"),
            _days(requests.keep_requests_days),
        ),
        Kept(
            Text("Finished faces"),
            Text("To deliver them, and to answer the same question again at once"),
            _hours(requests.keep_pictures_h),
        ),
        Kept(
            Text("Faces in the gallery of a server or channel that has one"),
            Text("To show them to everybody, until somebody hides or deletes them"),
            _days(min(requests.keep_gallery_days, requests.keep_requests_days)),
        ),
        Kept(
            Text("Your name as the chat shows it, with a face for a stream, a mirror or the gallery"),
            Text("To say there whose idea the face was"),
            _days(requests.keep_requests_days),
        ),
        Kept(
            Text("Pictures you upload, avatars and server icons"),
            Text("Read once in memory to draw from, and never written to disk"),
            Text("not kept"),
        ),
        Kept(Text("Message text"), Text("Read to find the command in it"), Text("not kept")),
        Kept(
            Text("Stars that you give to faces"),
            Text("For the leaderboard of your server"),
            Text("as long as the request of the face"),
        ),
        Kept(
            Text("Rounds of the guessing game: who began and who won"),
            Text("To decide the round, also after a restart"),
            _hours(requests.keep_pictures_h),
        ),
        Kept(
            Text("Scores of the guessing game"),
            Text("For the leaderboard of your server"),
            Text(
                "until you delete them, or until {time} after the bot has left the server",
                {"time": _days(KEEP_LEFT_SERVERS_DAYS)},
            ),
        ),
        Kept(
            Text("That you opted out of being drawn by others"),
            Text("To hold to it"),
            Text("until you opt in again"),
        ),
        Kept(
            Text("Reports of faces: who reported which one, and why"),
            Text("So that the operator can act on them, and nobody reports a face twice"),
            _days(requests.keep_requests_days),
        ),
        Kept(
            Text("Settings and blocks of a server, and when the bot came"),
            Text("To do what its admins decided"),
            Text("until {time} after the bot has left the server", {"time": _days(KEEP_LEFT_SERVERS_DAYS)}),
        ),
        Kept(
            Text("Twitch accounts that are connected: id, name, what they agreed to, and Twitch's tokens for it"),
            Text("To be in the channel's chat, and for its channel points"),
            Text("until the account disconnects, here or at Twitch"),
        ),
        Kept(
            Text("Of channel points: Twitch's number of each redemption, and the request it became"),
            Text("To draw or refund each once, also after a restart"),
            _days(requests.keep_requests_days),
        ),
        Kept(
            Text("Which Discord channels show the faces of which Twitch channels, and which faces those were"),
            Text("To show each once, and to take it away again when it is hidden"),
            _days(requests.keep_requests_days),
        ),
        Kept(
            Text("That you are logged in to the panel: your id, your name and which servers you manage"),
            Text("So that the panel knows you from one page to the next"),
            Text("until you log out, 12 hours at most"),
        ),
        Kept(
            Text("Whom and what the operator blocked everywhere"),
            Text("To keep the bot from being misused"),
            Text("until the operator takes it back"),
        ),
        Kept(
            Text("Who changed which setting, blocked or paused, and when"),
            Text("So that admins can see what happened"),
            _days(requests.keep_audit_days),
        ),
    )


def rights() -> tuple[Text, ...]:
    """What everybody can do about it, by themselves."""
    return (
        Text(
            "`/emoteface forget-me` deletes what is kept about you: requests, faces, scores and stars. "
            "An opt-out, blocks, and the record of what you changed as an admin stay."
        ),
        Text("`/emoteface opt-out` keeps others from having your avatar or your pictures drawn, in every server."),
        Text("Whoever asked for a face, and whoever is shown in it, can have it deleted: press 🗑 below it."),
        Text("Admins can have a copy of what is kept about their server: `/emoteface export-data`."),
    )


def rules() -> tuple[Text, ...]:
    """What everybody agrees to who uses the bot."""
    return (
        Text("The faces are drawn by a neural network. They show nobody: a likeness to a person is chance."),
        Text("Every picture says, in its file and its description, that a machine made it. Leave that there."),
        Text("Do not use the bot to hurt, harass or deceive anybody, nor for anything that is against the law."),
        Text("Have pictures drawn only if they are yours, or if their owner does not mind."),
        Text("The rules of the platform and of the server you are in hold here as well."),
        Text("The operator can block people, servers and pictures, delete faces, and switch the bot off."),
        Text("The bot is given as it is, without any warranty, and can be gone tomorrow."),
        Text("Emoji graphics are by Twemoji (CC BY 4.0); emotes belong to those who made them."),
    )


def _days(days: float) -> Text:
    return counted("{n} day", "{n} days", round(days)) if days >= 1 else _hours(days * 24)


def _hours(hours: float) -> Text:
    return counted("{n} hour", "{n} hours", max(1, round(hours)))
