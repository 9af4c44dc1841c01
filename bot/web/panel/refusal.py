"""What the panel answers when it does not do what it was asked."""

from __future__ import annotations

from http import HTTPStatus

from bot.texts import Text


class PanelRefusal(Exception):
    """A page with these words."""

    def __init__(self, status: HTTPStatus, words: Text) -> None:
        super().__init__(status)
        self.status = status
        self.words = words
