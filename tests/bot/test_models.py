from bot.models import Emote, EmoteSource


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
