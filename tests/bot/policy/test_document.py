from __future__ import annotations

from bot.policy.document import document
from config.settings import Settings
from tests.program import ROOT


def test_the_page_about_settings_says_what_the_program_does(settings: Settings) -> None:
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == document(settings.server_defaults), "python -m bot.policy.document > docs/settings.md"
