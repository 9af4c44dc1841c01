"""A channel of the fake as somebody sees it: an HTML page without anything from outside, and a photograph of it.

page = Transcript(fake, viewer=ada).page(fake.channel)
async with async_playwright() as playwright:
    …
    png = await photograph(browser, page)
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakes.discord.guild_payloads import timestamp
from tests.fakes.discord.layout import Raw
from tests.fakes.discord.transcript import markup
from tests.fakes.discord.transcript.pieces import Pieces
from tests.fakes.discord.world import COMMAND, Channel, Interaction, Message, Picture, User

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.fakes.discord.core import FakeState

STYLE = Path(__file__).with_name("style.css")
_COLOURS = ("#b0578d", "#3f7fb5", "#4a8f5c", "#a8743a", "#7a62b8", "#b5534f")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


class Transcript:
    """What `viewer` sees; None sees what everybody does."""

    def __init__(self, fake: FakeState, viewer: User | None = None, *, now: datetime | None = None) -> None:
        self._fake, self._viewer = fake, viewer
        self._now = now or datetime.now(UTC)
        self._pieces = Pieces(self._marked, self._picture, fake.files.emoji, self._name)

    def page(self, channel: Channel, *, since: Message | None = None, form: Raw | None = None) -> str:
        """From the message `since` on; `form` is one that is open (`interaction.modal`)."""
        messages = [each for each in self._seen(channel) if since is None or each.id >= since.id]
        inside = "".join(self._message(each) for each in messages)
        opened = "" if form is None else self._pieces.form(form)
        head = (
            f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
            f"<title>{html.escape(channel.name)}</title><style>{STYLE.read_text()}</style>"
        )
        title = f"<header>{_words(channel.name)}</header>"
        return f"<!doctype html><html lang=en><head>{head}</head><body>{title}{inside}{opened}</body></html>"

    def _seen(self, channel: Channel) -> Iterable[Message]:
        there = (each for each in self._fake.messages if each.channel is channel and not each.deleted)
        return (each for each in there if not each.is_ephemeral or each.seen_by is self._viewer)

    def _message(self, message: Message) -> str:
        author = message.author
        tag = '<span class="app">APP</span>' if author.bot else ""
        when = f"<time>{timestamp(message.id)[11:16]}</time>"
        edited = ' <span class="edited">(edited)</span>' if self._was_edited(message) else ""
        named = f'<div><span class="name">{_words(author.name)}</span>{tag}{when}</div>'
        private = ' class="private"' if message.is_ephemeral else ""
        note = '<div class="note">Only you can see this</div>' if message.is_ephemeral else ""
        inside = f"{named}{self._content(message)}{edited}{self._reactions(message)}{self._thread(message)}{note}"
        body = f'{self._avatar(author)}<div class="body">{inside}</div>'
        return f"<article{private}>{self._above(message)}{body}</article>"

    def _was_edited(self, message: Message) -> bool:
        """Taking the place of "is thinking" is no edit that people are shown."""
        return len([before for before in message.history if before]) > 0

    def _content(self, message: Message) -> str:
        if message.is_loading:
            return f'<div class="thinking">{_words(message.author.name)} is thinking …</div>'
        parts = [self._marked(message.content)] if message.content else []
        parts += [self._pieces.embed(each) for each in message.embeds]
        if not message.is_layout:
            parts += [self._pieces.shown(each) for each in message.pictures()]
        return "".join(parts) + self._pieces.components(message)

    def _above(self, message: Message) -> str:
        """What a message answers."""
        asked = message.interaction
        if asked is not None and asked.kind == COMMAND:
            words = f"<b>{_words(asked.user.name)}</b> used <b>{_words(_command(asked))}</b>"
            return f'<div class="above">{words}</div>'
        replied = None
        if message.reply_to is not None:
            replied = next((each for each in self._fake.messages if each.id == message.reply_to), None)
            if replied is None or replied.deleted:
                return '<div class="above"><i>Original message was deleted</i></div>'
        if replied is None:
            return ""
        said = " ".join(replied.texts()) or "a picture"
        return f'<div class="above"><b>{_words(replied.author.name)}</b> {self._flat(said)}</div>'

    def _flat(self, text: str) -> str:
        return " ".join(self._marked(line) for line in text.split("\n")).replace("<div>", "").replace("</div>", "")

    def _reactions(self, message: Message) -> str:
        shown = []
        for emoji, people in message.reactions.items():
            name, _, id_ = emoji.partition(":")
            symbol = markup.custom_emoji(name, self._fake.files.emoji(int(id_))) if id_ else _words(name)
            own = ' class="own"' if self._viewer in people else ""
            shown += [f"<span{own}>{symbol} {len(people)}</span>"] if people else []
        return f'<div class="reactions">{"".join(shown)}</div>' if shown else ""

    def _thread(self, message: Message) -> str:
        return f'<div class="thread">{_words(message.thread.name)}</div>' if message.thread else ""

    def _avatar(self, user: User) -> str:
        portrait = self._fake.files.portrait(user)
        if portrait is not None:
            return f'<div class="avatar"><img alt="" src="{markup.data_url(portrait)}"></div>'
        colour = _COLOURS[sum(map(ord, user.name)) % len(_COLOURS)]
        return f'<div class="avatar" style="background: {colour}">{_words(user.name[:1].upper())}</div>'

    def _marked(self, text: str) -> str:
        return markup.marked(text, self._name, self._fake.files.emoji, self._now)

    def _name(self, sign: str, id_: int) -> str:
        if sign == "@":
            found = self._fake.people.get(id_)
        elif sign == "#":
            return self._fake.channels[id_].name if id_ in self._fake.channels else "unknown"
        else:
            return next((role.name for guild in self._fake.guilds for role in guild.roles if role.id == id_), "unknown")
        return "unknown" if found is None else found.name

    def _picture(self, message: Message, url: str) -> Picture:
        if (found := message.attachment_at(url)) is not None:
            return Picture(url, found.content, found.filename, found.description, found.filename.startswith("SPOILER_"))
        return Picture(url, self._fake.files.content_at(url.removeprefix(self._fake.cdn_url)) or b"")


async def photograph(browser: Browser, page: str, *, width_px: int = 720) -> bytes:
    """A PNG of all of a page, twice as fine as it is wide."""
    opened = await browser.new_page(viewport={"width": width_px, "height": 200}, device_scale_factor=2)
    try:
        await opened.set_content(page, wait_until="load")
        return await opened.screenshot(full_page=True)
    finally:
        await opened.close()


def _command(interaction: Interaction) -> str:
    """A command as people typed it, a menu as it is called."""
    data = interaction.data
    names, options = [data["name"]], data.get("options", [])
    while options and options[0]["type"] in {1, 2}:
        names.append(options[0]["name"])
        options = options[0].get("options", [])
    return f"/{' '.join(names)}" if data["type"] == 1 else data["name"]


def _words(text: str) -> str:
    return markup.pictured(html.escape(text))
