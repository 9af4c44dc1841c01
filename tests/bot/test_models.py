from bot.models import Emote, EmoteSource


def test_an_emote_survives_the_store() -> None:
    emote = Emote(EmoteSource.DISCORD, "123456789012345678", animated=True)
    assert Emote.from_json(emote.to_json()) == emote


def test_a_row_from_before_there_were_animations_is_still_read() -> None:
    stored = {"source": "unicode", "id": "1f602", "name": "joy"}
    assert Emote.from_json(stored) == Emote(EmoteSource.UNICODE, "1f602", "joy")
