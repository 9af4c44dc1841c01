"""The words of the login pages."""

from __future__ import annotations

from bot.texts import Text


class Words:
    """Used in templates by name."""

    title = Text("Log in")
    panel = Text("Panel")
    lead = Text("For the people who look after a server or a channel.")
    with_code = Text("Log in with a code")
    no_ways = Text("This instance knows no Discord or Twitch application, so a code is the way in.")
    how = Text("Whoever runs this instance gets a code on its command line: `emoteface panel`.")
    code = Text("Code")
    kept = Text(
        "A cookie keeps you logged in for 12 hours. "
        "So long, your id, your name and which servers you manage are stored."
    )
    declined = Text("You did not agree, so nobody is logged in.")
    not_begun = Text("This login was not begun in this browser, or too long ago. Please begin again.")
    bad_code = Text("That code is not known, was used, or is too old. `emoteface panel` gives a new one.")

    @staticmethod
    def with_platform(platform: str) -> Text:
        """What the button says."""
        return Text("Log in with {platform}", {"platform": platform})

    @staticmethod
    def unreachable(platform: str) -> Text:
        """The platform did not answer as it should."""
        return Text("{platform} did not say who you are. Please try again in a moment.", {"platform": platform})
