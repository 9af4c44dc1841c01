import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.emotes.names import NameGuard
from config.settings import load_settings


@pytest.fixture(scope="module")
def guard() -> NameGuard:
    return NameGuard(["slur", "bad word"])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("LUL", "LUL"),
        (":tf:", ":tf:"),
        ("<3", "<3"),
        ("D:", "D:"),
        ("M&Mjc", "M&Mjc"),
        ("漢字", "漢字"),
        ("@everyone", "everyone"),
        ("<@80351110224678912>", "<80351110224678912>"),
        ("`code`", "code"),
        ("#general", "general"),
        ("\u202eRTL\u2069", "RTL"),
        ("nul\0\x1b[31m", "nul[31m"),
        ("a b\tc\nd", "abcd"),
        ("\u202e", None),
        ("", None),
    ],
)
def test_names_lose_what_could_do_harm(guard: NameGuard, name: str, shown: str | None) -> None:
    assert guard.shown(name) == shown


@pytest.mark.parametrize(
    "name", ["slur", "SLUR", "xXslurXx", "s.l_u-r", "5lur", "$lur", "s1ur", "s\u200blur", "ｓｌｕｒ", "Bad_Word"]
)
def test_a_blocked_word_is_found_whatever_is_done_to_it(guard: NameGuard, name: str) -> None:
    assert guard.shown(name) is None


@pytest.mark.parametrize("name", ["slr", "lurs", "badger", "word"])
def test_what_only_resembles_one_is_shown(guard: NameGuard, name: str) -> None:
    assert guard.shown(name) == name


def test_the_packaged_list_spares_well_known_emotes() -> None:
    guard = NameGuard(load_settings().emotes.blocked_words)
    for name in (
        "Kappa",
        "LUL",
        "PogChamp",
        "forsenE",
        "catJAM",
        "Spiked",
        "PepeHands",
        "KEKW",
        "monkaS",
        "SpicyNoodles",
    ):
        assert guard.shown(name) == name, name


@given(st.text())
def test_whatever_is_shown_pings_and_breaks_nothing(name: str) -> None:
    shown = NameGuard([]).shown(name)
    assert shown is None or (shown.isprintable() and not set(shown) & set("@#` "))
