"""What people type becomes a value of its setting, or is refused; never anything else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidSetting
from bot.policy.forms import Kind, allowed, form_of, typed
from bot.policy.pages import PAGES
from bot.policy.settings import SETTINGS, checked
from bot.texts import LOCALES, say
from tests.fakes.policies import server_settings


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("enabled", "On", True),
        ("enabled", "no", False),
        ("cooldown_s", "1,5", 1.5),
        ("auto_delete_s", "none", None),
        ("realism", "", None),
        ("sources_off", "BTTV, ffz", ["bttv", "ffz"]),
        ("sources_off", "none", []),
        ("ask_role_ids", "<@&12><@&13>", ["12", "13"]),
        ("log_channel_id", "<#12>", "12"),
        ("twitch_channel", "Forsen", "forsen"),
        ("prefix", " ?! ", "?!"),
    ],
)
def test_words_become_values(name: str, text: str, value: object) -> None:
    assert typed(name, text) == value


@given(st.sampled_from(sorted(SETTINGS)), st.text(max_size=80))
def test_whatever_is_typed_is_a_value_or_refused(name: str, text: str) -> None:
    try:
        value = typed(name, text)
        if form_of(name).kind is not Kind.TWITCH_CHANNEL:
            checked(server_settings(), name, value)
    except InvalidSetting:
        pass


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_allowed_can_be_said_of_every_setting(locale: str) -> None:
    for name in SETTINGS:
        assert 2 <= len(say(allowed(name), locale)) <= 100


def test_numbers_have_bounds() -> None:
    for name in SETTINGS:
        form = form_of(name)
        assert form.kind is not Kind.NUMBER or form.most < math.inf


def test_every_setting_is_on_one_page() -> None:
    assert sorted(name for page in PAGES.values() for name in page.names) == sorted(SETTINGS)
