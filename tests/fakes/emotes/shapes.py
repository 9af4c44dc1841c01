"""Emotes in the JSON of their sources, with the fields real answers have, read or not."""

from __future__ import annotations

from hashlib import sha256
from typing import Any


def hex_id(name: str, length: int = 24) -> str:
    """An id that looks like the real ones, the same for the same name."""
    return sha256(name.encode()).hexdigest()[:length]


def bttv_emote(code: str, **changes: Any) -> dict[str, Any]:
    emote = {
        "id": hex_id(code),
        "code": code,
        "imageType": "png",
        "animated": False,
        "userId": "5561169bd6b9d206222a8c19",
        "modifier": False,
    }
    return emote | changes


def bttv_channel(*channel: dict[str, Any], shared: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    owner = {"id": hex_id("owner"), "name": "nightdev", "displayName": "NightDev", "providerId": "29045896"}
    return {
        "id": hex_id("channel"),
        "bots": ["lobotjr"],
        "avatar": "https://static-cdn.jtvnw.net/jtv_user_pictures/x-profile_image-300x300.png",
        "channelEmotes": list(channel),
        "sharedEmotes": [emote | {"user": owner} for emote in shared],
    }


def ffz_emote(name: str, number: int, *sizes: str, animated: bool = False, **changes: Any) -> dict[str, Any]:
    """`sizes` are those there are, by default all."""
    there = sizes or ("1", "2", "4")
    urls = {size: f"//cdn.frankerfacez.com/emote/{number}/{size}" for size in there}
    moving = {size: f"//cdn.frankerfacez.com/emote/{number}/animated/{size}" for size in there}
    emote = {
        "id": number,
        "name": name,
        "height": 32,
        "width": 28,
        "public": True,
        "hidden": False,
        "modifier": False,
        "modifier_flags": 0,
        "offset": None,
        "margins": None,
        "css": None,
        "owner": {"_id": 53544, "name": "ian678", "display_name": "Ian678"},
        "artist": None,
        "urls": urls,
        "status": 1,
        "usage_count": 148783,
        "created_at": "2016-11-02T14:52:50.395Z",
        "last_updated": None,
    }
    return emote | ({"animated": moving} if animated else {}) | changes


def ffz_set(number: int, *emotes: dict[str, Any]) -> dict[str, Any]:
    return {"id": number, "_type": 0, "icon": None, "title": "Set", "css": None, "emoticons": list(emotes)}


def ffz_global(*emotes: dict[str, Any], private: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """`private` are in a set that only some people have."""
    sets = {"3": ffz_set(3, *emotes), "1532818": ffz_set(1532818, *private)}
    return {"default_sets": [3], "sets": sets, "users": {"1532818": ["somebody"]}, "user_ids": {"1532818": [1]}}


def ffz_room(twitch_id: str, login: str, *emotes: dict[str, Any]) -> dict[str, Any]:
    room = {
        "_id": 366358,
        "twitch_id": int(twitch_id),
        "youtube_id": None,
        "id": login,
        "is_group": False,
        "display_name": login.title(),
        "set": 366370,
        "moderator_badge": None,
        "vip_badge": None,
        "mod_urls": None,
        "user_badges": {"2": ["bot"]},
        "css": None,
    }
    return {"room": room, "sets": {"366370": ffz_set(366370, *emotes)}}


def seventv_emote(
    name: str, cdn: str = "//cdn.7tv.app", *, flags: int = 0, data_flags: int = 0, **data: Any
) -> dict[str, Any]:
    """`flags` are the set's, `data_flags` the emote's own; `data` changes fields of the emote."""
    emote_id = hex_id(name).upper() + "01"
    about = {
        "id": emote_id,
        "name": name,
        "flags": data_flags,
        "tags": [],
        "lifecycle": 3,
        "state": ["LISTED", "PERSONAL"],
        "listed": True,
        "animated": False,
        "owner": {"id": "60635b50452cea4685f26b34", "username": "hecrzy", "display_name": "heCrzy", "style": {}},
        "host": {
            "url": f"{cdn}/emote/{emote_id}",
            "files": [{"name": "4x.webp", "static_name": "4x_static.webp", "width": 128, "height": 128}],
        },
    }
    return {
        "id": emote_id,
        "name": name,
        "flags": flags,
        "timestamp": 1684771392706,
        "actor_id": None,
        "data": about | data,
        "origin_id": None,
    }


def seventv_set(*emotes: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "01GE2ZS5B00006VH1JZ8EXAMPLE",
        "name": "emotes",
        "flags": 0,
        "tags": [],
        "immutable": False,
        "privileged": False,
        "emotes": list(emotes),
        "emote_count": len(emotes),
        "capacity": 1000,
        "owner": None,
    }


def seventv_user(
    twitch_id: str, *, set_id: str | None = None, embedded: dict[str, Any] | None = None
) -> dict[str, Any]:
    """With the set in it as until August 2026, or with its id only."""
    return {
        "id": twitch_id,
        "platform": "TWITCH",
        "username": "zorael",
        "display_name": "zorael",
        "linked_at": 1684771392706,
        "emote_capacity": 1000,
        "emote_set_id": set_id,
        "emote_set": embedded,
        "user": {"id": "01H1236JG00005HNCSM10T04VJ", "username": "zorael", "connections": [], "style": {}, "roles": []},
    }


def twitch_emote(name: str, *formats: str, **changes: Any) -> dict[str, Any]:
    emote_id = f"emotesv2_{hex_id(name, 32)}"
    images = {
        f"url_{size}": f"https://static-cdn.jtvnw.net/emoticons/v2/{emote_id}/static/light/1.0" for size in ("1x",)
    }
    emote = {
        "id": emote_id,
        "name": name,
        "images": images,
        "tier": "1000",
        "emote_type": "subscription",
        "emote_set_id": "2775",
        "format": list(formats or ("static",)),
        "scale": ["1.0", "2.0", "3.0"],
        "theme_mode": ["light", "dark"],
    }
    return emote | changes


def helix(*data: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(data), "template": "https://static-cdn.jtvnw.net/emoticons/v2/{{id}}/{{format}}/…"}


def twitch_user(login: str, twitch_id: str) -> dict[str, Any]:
    return {
        "id": twitch_id,
        "login": login,
        "display_name": login.title(),
        "type": "",
        "broadcaster_type": "partner",
        "description": "",
        "created_at": "2016-11-22T05:43:04Z",
        "view_count": 0,
    }
