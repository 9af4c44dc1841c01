"""What exists on the fake Discord: people, places, messages. Plain objects that tests may read and change."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord import layout, permissions

DISCORD_EPOCH_MS = 1_420_070_400_000
EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15  # message flags
_counter = itertools.count()


def new_id() -> int:
    """A snowflake of this moment, larger than every one before."""
    milliseconds = int(time.time() * 1000) - DISCORD_EPOCH_MS
    return (milliseconds << 22) | (next(_counter) & 0x3FFFFF)


@dataclass(slots=True, eq=False)
class Role:
    """Of a guild; `permissions` by Discord's names, as in `{"manage_messages"}`."""

    name: str
    permissions: set[str] = field(default_factory=set)
    is_managed: bool = False
    id: int = field(default_factory=new_id)


@dataclass(slots=True, eq=False)
class User:
    """`avatar` is its hash, None for one of Discord's own; `manages` makes an admin; `installs` brings the bot along
    wherever the user is; `is_closed` takes no direct messages."""

    name: str
    bot: bool = False
    id: int = field(default_factory=new_id)
    avatar: str | None = None
    manages: bool = False
    locale: str = "en-US"
    roles: list[Role] = field(default_factory=list)
    installs: bool = False
    is_closed: bool = False

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(slots=True, eq=False)
class Guild:
    """`bot_role` has what the bot may do, by default what everybody may; `tier` is the boost level."""

    name: str
    id: int = field(default_factory=new_id)
    icon: str | None = None
    locale: str = "en-US"
    emoji: list[dict[str, Any]] = field(default_factory=list)
    owner: User | None = None
    tier: int = 0
    members: list[User] = field(default_factory=list)
    unseen_members: int = 0  # who only counts
    roles: list[Role] = field(default_factory=list)
    bot_role: Role = field(default_factory=lambda: Role("emoteface", set(permissions.BY_DEFAULT), is_managed=True))
    everyone: Role = field(default_factory=lambda: Role("@everyone", set(permissions.BY_DEFAULT)))
    system_channel: Channel | None = None
    bot_since: float = 1_600_000_000.0  # when the bot came, Unix seconds; long ago, unless somebody invites it
    command_permissions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by command or application

    def __post_init__(self) -> None:
        self.everyone.id = self.id


TEXT_CHANNEL, DIRECT_MESSAGE, GROUP_DIRECT_MESSAGE, PUBLIC_THREAD = 0, 1, 3, 11


@dataclass(slots=True, eq=False)
class Channel:
    """A text channel of a guild, a thread below one, a direct conversation with `partner`, or one of a group of
    `people`, where the bot never is. `denied` names permissions the bot lacks."""

    name: str
    guild: Guild | None = None
    partner: User | None = None
    denied: set[str] = field(default_factory=set)
    id: int = field(default_factory=new_id)
    people: list[User] = field(default_factory=list)
    parent: Channel | None = None
    owner: User | None = None  # of a thread
    is_archived: bool = False
    position: int = 0
    with_bot: bool = True  # False: two other people's conversation

    @property
    def type(self) -> int:
        if self.guild is None:
            return GROUP_DIRECT_MESSAGE if self.people else DIRECT_MESSAGE
        return TEXT_CHANNEL if self.parent is None else PUBLIC_THREAD

    @property
    def forbidden(self) -> set[str]:
        """What the bot lacks here, in a thread also what it lacks above."""
        return self.denied | (self.parent.denied if self.parent else set())


@dataclass(slots=True, eq=False)
class Attachment:
    filename: str
    content: bytes
    description: str | None = None
    content_type: str = "image/webp"
    size: tuple[int, int] | None = None  # width and height in pixels
    id: int = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a message shows it; `content` is empty for one that lies elsewhere."""

    url: str
    content: bytes = b""
    filename: str | None = None
    description: str | None = None
    is_spoiler: bool = False


@dataclass(slots=True, eq=False)
class Sticker:
    """`format_type`: 1 PNG, 2 APNG, 3 Lottie, 4 GIF."""

    name: str
    format_type: int
    content: bytes
    id: int = field(default_factory=new_id)


@dataclass(slots=True, eq=False)
class Message:
    """A message in its present state; `history` has what it showed before each edit, `pinged` who was notified."""

    channel: Channel
    author: User
    content: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    stickers: list[Sticker] = field(default_factory=list)
    previews: list[str] = field(default_factory=list)  # the pictures of links, as Discord makes embeds of them
    reactions: dict[str, list[User]] = field(default_factory=dict)
    thread: Channel | None = None
    components: list[dict[str, Any]] = field(default_factory=list)  # raw, as they were sent
    embeds: list[dict[str, Any]] = field(default_factory=list)
    forwarded: Message | None = None
    interaction: Interaction | None = None  # that it answers
    seen_by: User | None = None  # None: everybody in the channel
    reply_to: int | None = None
    nonce: str | None = None
    flags: int = 0
    webhook_id: int | None = None
    type: int = 0
    pinged: set[str] = field(default_factory=set)
    history: list[str] = field(default_factory=list)
    deleted: bool = False
    id: int = field(default_factory=new_id)

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def is_loading(self) -> bool:
        return bool(self.flags & LOADING)

    @property
    def is_layout(self) -> bool:
        return bool(self.flags & COMPONENTS_V2)

    def buttons(self) -> list[dict[str, Any]]:
        return [each for each in layout.walk(self.components) if each["type"] == layout.BUTTON]

    def selects(self) -> list[dict[str, Any]]:
        return [each for each in layout.walk(self.components) if each["type"] in layout.SELECTS]

    def texts(self) -> list[str]:
        """The words people read, from top to bottom."""
        said = [self.content] if self.content else []
        return said + [each["content"] for each in layout.walk(self.components) if each["type"] == layout.TEXT]

    def pictures(self) -> list[Picture]:
        """The pictures people see, from top to bottom; in a layout those that a component shows."""
        if not self.is_layout:
            return [_picture(f"attachment://{each.filename}", each, each.description) for each in self.attachments]
        return [
            _picture(
                item["url"], self.attachment_at(item["url"]), about.get("description"), spoiler=about.get("spoiler")
            )
            for item, about in layout.media(self.components)
        ]

    def attachment_at(self, url: str) -> Attachment | None:
        """What a component's address means: `attachment://` by name, or the address Discord made of it."""
        for attachment in self.attachments:
            if url == f"attachment://{attachment.filename}" or f"/{attachment.id}/" in url:
                return attachment
        return None


def _picture(url: str, found: Attachment | None, description: str | None, *, spoiler: bool | None = None) -> Picture:
    if found is None:
        return Picture(url, description=description, is_spoiler=bool(spoiler))
    hidden = bool(spoiler) or found.filename.startswith("SPOILER_")
    return Picture(url, found.content, found.filename, description, hidden)


COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5  # kinds of interactions


@dataclass(slots=True, eq=False)
class Interaction:
    """Somebody used a command, a button, a select, a form. `original` is the response, or the message it changes."""

    channel: Channel
    user: User
    data: dict[str, Any]
    kind: int = COMMAND
    message: Message | None = None  # that has the component
    token: str = field(default_factory=lambda: secrets.token_hex(32))
    asked_at: float = field(default_factory=time.monotonic)
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    installs: set[int] = field(default_factory=set)  # 0: the guild's, 1: the user's own
    modal: dict[str, Any] | None = None  # the form that opened in answer
    choices: list[dict[str, Any]] | None = None  # what autocomplete offered
    response: int | None = None  # the type of the callback
    expired: bool = False
    id: int = field(default_factory=new_id)

    @property
    def acknowledged(self) -> bool:
        return self.response is not None
