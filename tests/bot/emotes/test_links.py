import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.emotes.links import followed, is_link
from bot.errors import LinkNotAllowed
from bot.models import EmoteSource

CDN, MEDIA, SEVENTV = "https://cdn.discordapp.com", "https://media.discordapp.net", "https://cdn.7tv.app"
LINKS = followed([CDN, MEDIA], [SEVENTV])


@pytest.mark.parametrize(
    ("word", "url"),
    [
        (f"{CDN}/emojis/25.png", f"{CDN}/emojis/25.png"),
        (f"<{CDN}/emojis/25.webp?animated=true>", f"{CDN}/emojis/25.webp?animated=true"),
        (f"{CDN}/stickers/749054660769218631.json", f"{CDN}/stickers/749054660769218631.json"),
        (f"{MEDIA}/stickers/749054660769218631.gif", f"{MEDIA}/stickers/749054660769218631.gif"),
        (f"{SEVENTV}/emote/01F6/4x.webp#top", f"{SEVENTV}/emote/01F6/4x.webp"),
        ("HTTPS://CDN.7TV.APP/emote/01F6/4x.webp", f"{SEVENTV}/emote/01F6/4x.webp"),
    ],
)
def test_a_link_to_an_emote_is_its_picture(word: str, url: str) -> None:
    assert is_link(word)
    emote = LINKS.read(word)
    assert (emote.source, emote.id, emote.name) == (EmoteSource.LINK, url, None)
    assert emote.source.is_private


@pytest.mark.parametrize(
    "word",
    [
        "https://evil.example/a.png",
        f"http://{SEVENTV.removeprefix('https://')}/emote/1/4x.webp",
        f"{CDN}/attachments/1/2/photo.png?ex=1&is=2&hm=3",
        f"{CDN}/avatars/80351110224678912/abc.png",
        f"{CDN}/guilds/1/users/2/avatars/abc.png",
        f"{CDN}/emojis/../avatars/80351110224678912/abc.png",
        f"{CDN}/emojis/%2e%2e/avatars/80351110224678912/abc.png",
        f"{CDN}/emojis%2F..%2Favatars/1.png",
        f"{CDN}@evil.example/emojis/25.png",
        f"{CDN}.evil.example/emojis/25.png",
        "https://user:password@cdn.7tv.app/emote/1/4x.webp",
        "https://cdn.7tv.app:444/emote/1/4x.webp",
        "http://127.0.0.1:8080/emojis/25.png",
        "http://localhost/",
        "https://[::1]/a.png",
        "https://[broken/a.png",
        f"{SEVENTV}/{'a' * 600}",
    ],
)
def test_any_other_link_is_refused(word: str) -> None:
    assert is_link(word)
    with pytest.raises(LinkNotAllowed):
        LINKS.read(word)


@pytest.mark.parametrize("word", ["😂", ":joy:", "<:kappa:25>", "<a:dance:25>", "ftp://x/y", "https://", "LUL", ""])
def test_other_words_are_no_links(word: str) -> None:
    assert not is_link(word)


@given(st.text(max_size=60))
def test_whatever_is_followed_lies_below_a_known_address(rest: str) -> None:
    try:
        url = URL(LINKS.read(f"{CDN}/emojis/{rest}").id)
    except LinkNotAllowed:
        return
    assert (url.scheme, url.host) == ("https", "cdn.discordapp.com")
    assert url.path.startswith("/emojis/")
