import json

import pytest

from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform
from inference.protocol import FaceOptions


def test_an_emote_survives_the_store() -> None:
    emote = Emote(EmoteSource.DISCORD, "123456789012345678", animated=True)
    assert Emote.from_json(emote.to_json()) == emote


def test_a_composed_emote_survives_the_store() -> None:
    rain = Emote(EmoteSource.SEVENTV, "2", "RainTime")
    blended = Emote(EmoteSource.BTTV, "1", "LUL", picked=True, overlays=(rain, rain), blended=rain)
    assert Emote.from_json(blended.to_json()) == blended
    assert blended.parts == (blended, rain, rain, rain)
    assert blended.alone == Emote(EmoteSource.BTTV, "1")


def test_a_row_from_before_there_were_animations_is_still_read() -> None:
    stored = {"source": "unicode", "id": "1f602", "name": "joy"}
    assert Emote.from_json(stored) == Emote(EmoteSource.UNICODE, "1f602", "joy")


def test_an_emote_survives_its_row_and_so_do_those_it_is_composed_with() -> None:
    hat = Emote(EmoteSource.BTTV, "hat", "TopHat", animated=True)
    emote = Emote(
        EmoteSource.AVATAR, "https://cdn.example/a.png", overlays=(hat,), blended=hat, picked=True, shown_user_id="7"
    )
    assert Emote.from_json(json.loads(json.dumps(emote.to_json()))) == emote


def test_a_request_knows_whose_pictures_it_was_made_of() -> None:
    avatars = [Emote(EmoteSource.AVATAR, "a", shown_user_id=user_id) for user_id in ("7", "8", "7")]
    joy = Emote(EmoteSource.UNICODE, "1f602", blended=Emote(EmoteSource.AVATAR, "b", shown_user_id="9"))
    request = FaceRequest("1", Origin(Platform.DISCORD, "1", "2", "3"), (joy, *avatars), FaceOptions(), 0.0, 1.0)
    assert request.shown_user_ids == {"7", "8", "9"}


@pytest.mark.parametrize("source", EmoteSource)
def test_originals_are_shown_of_what_is_in_a_catalogue_and_of_unicode_only(source: EmoteSource) -> None:
    public = {"unicode", "discord", "twitch", "bttv", "ffz", "seventv"}
    emote = Emote(source, "1")
    assert emote.is_somebodys == (source.value not in public)
    assert Emote(EmoteSource.UNICODE, "1f602", overlays=(emote,)).is_somebodys == emote.is_somebodys
