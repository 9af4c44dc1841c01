"""The fake's REST API for guilds: members, emoji, who may use which command, leaving."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Any

from aiohttp import web
from PIL import Image

from tests.fakes.discord import checks
from tests.fakes.discord.answers import API, json_answer
from tests.fakes.discord.checks import ApiError
from tests.fakes.discord.form import read_json
from tests.fakes.discord.gateway import GUILD_EXPRESSIONS
from tests.fakes.discord.guild_payloads import (
    bot_member_json,
    emoji_json,
    everywhere,
    member_json,
    role_json,
    user_json,
)
from tests.fakes.discord.permissions import bits
from tests.fakes.discord.world import Guild

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

EMOJI_BYTES, EMOJI_SLOTS = 256 * 1024, (50, 100, 150, 250)  # slots of each kind, still and moving, by boost level


class GuildApi:
    """Routes below `/guilds`, and those of people and of the bot's own membership."""

    def __init__(self, fake: FakeDiscord) -> None:
        self._fake = fake

    def routes(self) -> list[web.RouteDef]:
        guild = API + "/guilds/{guild}"
        permissions = API + "/applications/{application}/guilds/{guild}/commands/permissions"
        one_permissions = API + "/applications/{application}/guilds/{guild}/commands/{command}/permissions"
        return [
            web.get(guild, self._read),
            web.get(guild + "/members/{user}", self._member),
            web.get(guild + "/roles", self._roles),
            web.get(guild + "/emojis", self._list_emoji),
            web.post(guild + "/emojis", self._add_emoji),
            web.delete(guild + "/emojis/{emoji}", self._remove_emoji),
            web.get(permissions, self._command_permissions),
            web.get(one_permissions, self._permissions_of_one),
            web.get(API + "/users/{user}", self._user),
            web.get(API + "/users/@me/guilds", self._own),
            web.delete(API + "/users/@me/guilds/{guild}", self._leave),
        ]

    async def _read(self, request: web.Request) -> web.StreamResponse:
        data = self._fake.guild_data(self._guild(request))
        counts = {"approximate_member_count": data["member_count"], "approximate_presence_count": 1}
        left_out = {"channels", "members", "threads", "voice_states", "presences"}
        return json_answer({name: value for name, value in data.items() if name not in left_out} | counts)

    async def _own(self, request: web.Request) -> web.StreamResponse:
        if (person := self._fake.oauth.who(request)) is not None:
            return self._fake.oauth.guilds_of(person)
        limit, after = int(request.query.get("limit", 200)), int(request.query.get("after", 0))
        checks.require(1 <= limit <= 200, "limit", "NUMBER_TYPE_MAX", "Must be between 1 and 200.")
        guilds = sorted((each for each in self._fake.guilds if each.id > after), key=lambda each: each.id)[:limit]
        rows = []
        for guild in guilds:
            count = self._fake.guild_data(guild)["member_count"] + guild.unseen_members
            row = {"id": str(guild.id), "name": guild.name, "icon": None, "banner": None, "owner": False}
            row |= {"permissions": "0", "features": []}
            counts = {"approximate_member_count": count, "approximate_presence_count": 1}
            rows.append(row | (counts if request.query.get("with_counts") == "1" else {}))
        return json_answer(rows)

    async def _member(self, request: web.Request) -> web.StreamResponse:
        guild, user_id = self._guild(request), request.match_info["user"]
        if user_id in {"@me", str(self._fake.bot.id)}:
            return json_answer(bot_member_json(self._fake.bot, guild))
        member = next((each for each in guild.members if str(each.id) == user_id), None)
        if member is None:
            raise checks.unknown("Member", 10007)
        return json_answer(member_json(member, guild))

    async def _user(self, request: web.Request) -> web.StreamResponse:
        user = self._fake.people.get(int(request.match_info["user"]))
        if user is None:
            raise checks.unknown("User", 10013)
        return json_answer(user_json(user))

    async def _roles(self, request: web.Request) -> web.StreamResponse:
        guild = self._guild(request)
        roles = [guild.everyone, guild.bot_role, *guild.roles]
        return json_answer([role_json(role, position) for position, role in enumerate(roles)])

    async def _list_emoji(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._guild(request).emoji)

    async def _add_emoji(self, request: web.Request) -> web.StreamResponse:
        guild, body = self._guild(request, "create_expressions"), await read_json(request)
        valid = re.fullmatch(r"\w{2,32}", str(body.get("name")), re.ASCII)
        checks.require(valid, "name", "BASE_TYPE_BAD_LENGTH", "2 to 32 letters, digits or underscores.")
        picture = _picture(str(body.get("image")))
        moving = _is_moving(picture)
        slots = EMOJI_SLOTS[guild.tier]
        if sum(each["animated"] == moving for each in guild.emoji) >= slots:
            kind = "animated emojis" if moving else "emojis"
            raise ApiError(400, 30018 if moving else 30008, f"Maximum number of {kind} reached ({slots})")
        emoji = emoji_json(body["name"], self._fake.files.add_emoji(picture), animated=moving)
        emoji["user"] = user_json(self._fake.bot)
        guild.emoji.append(emoji)
        self._tell_emoji(guild)
        return json_answer(emoji, 201)

    async def _remove_emoji(self, request: web.Request) -> web.StreamResponse:
        guild = self._guild(request, "create_expressions")
        emoji = next((each for each in guild.emoji if each["id"] == request.match_info["emoji"]), None)
        if emoji is None:
            raise checks.unknown("Emoji", 10014)
        guild.emoji.remove(emoji)
        self._tell_emoji(guild)
        return web.Response(status=204)

    def _tell_emoji(self, guild: Guild) -> None:
        data = {"guild_id": str(guild.id), "emojis": guild.emoji}
        event = "GUILD_EMOJIS_UPDATE"
        self._fake.gateway.dispatch(event, lambda intents: data if intents & GUILD_EXPRESSIONS else None, guild.id)

    async def _command_permissions(self, request: web.Request) -> web.StreamResponse:
        guild = self._guild(request)
        return json_answer([self._permissions_json(guild, id_) for id_ in guild.command_permissions])

    async def _permissions_of_one(self, request: web.Request) -> web.StreamResponse:
        guild, id_ = self._guild(request), request.match_info["command"]
        if id_ not in guild.command_permissions:
            raise checks.unknown("application command permissions", 10066)
        return json_answer(self._permissions_json(guild, id_))

    def _permissions_json(self, guild: Guild, id_: str) -> dict[str, Any]:
        about = {"id": id_, "application_id": str(self._fake.application_id), "guild_id": str(guild.id)}
        return about | {"permissions": guild.command_permissions[id_]}

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        self._fake.remove(self._guild(request))
        return web.Response(status=204)

    def _guild(self, request: web.Request, *permissions: str) -> Guild:
        wanted = request.match_info["guild"]
        guild = next((each for each in self._fake.guilds if str(each.id) == wanted), None)
        if guild is None:
            raise ApiError(404, 10004, "Unknown Guild")
        has = everywhere(self._fake.bot, guild, application=self._fake.bot)
        if bits(permissions) & ~has and not has & bits({"manage_expressions"}):
            raise checks.missing_permissions()
        return guild


def _picture(uri: str) -> bytes:
    found = re.fullmatch(r"data:image/(?:png|jpe?g|gif|webp|avif);base64,([A-Za-z0-9+/=]+)", uri)
    checks.require(found, "image", "IMAGE_INVALID", "Invalid image data")
    assert found is not None
    picture = base64.b64decode(found[1])
    size = "File cannot be larger than 256.0 kb."
    checks.require(len(picture) <= EMOJI_BYTES, "image", "BINARY_TYPE_MAX_SIZE", size)
    return picture


def _is_moving(picture: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            return bool(getattr(opened, "is_animated", False))
    except OSError:
        raise checks.bad_form("image", "IMAGE_INVALID", "Invalid image data") from None
