"""The words of the panel's pages."""

from __future__ import annotations

from bot.operating.desk import Overview
from bot.texts import Text, counted, joined


class Words:
    """Used in templates by name."""

    panel = Text("Panel")
    skip = Text("Skip to the content")
    log_out = Text("Log out")
    parts = Text("Parts of the panel")
    places = Text("Servers and channels")
    no_places = Text(
        "There is nothing here that you manage, as far as the platform said when you logged in. "
        "If that has changed, log out and in again."
    )
    connect = Text("Connect your Twitch channel")
    reconnect = Text("Change or end the connection with your Twitch channel")
    no_such_place = Text("There is no such server or channel, or you may not manage it.")
    no_such_channel = Text("There is no such channel here.")
    rights_unknown = Text("The platform does not say right now what you may do. Please try again in a moment.")
    operator_only = Text("Only the operator of this instance can see that.")
    stale_form = Text("This form is of another login. Please go back, reload the page and try again.")
    trouble = Text("That did not work")
    back = Text("Back")

    settings = Text("Settings")
    whole_place = Text("Everywhere here")
    where = Text("Where")
    show = Text("Show")
    save = Text("Save")
    saved = Text("Saved.")
    take_back = Text("Take back")
    same_everywhere = Text("It is the same in all channels.")
    not_taken = Text("Not everything could be saved: see below.")
    none = Text("none")

    overlay = Text("Overlay")
    address = Text("Address for OBS")
    address_lead = Text("Add a browser source with this address. Whoever has it sees your overlay: keep it secret.")
    show_address = Text("Show the address")
    copy = Text("Copy")
    copied = Text("Copied.")
    local_file = Text("File for OBS")
    local_lead = Text(
        "The file is for OBS as well, as a local file: it waits for this server where a browser source stays blank."
    )
    rotate = Text("New address")
    rotate_lead = Text("Has somebody seen it? A new address cuts off whatever was opened with the old one.")
    preview = Text("What it looks like")
    test = Text("Show a test face")
    faces = Text("Faces")
    waiting = Text("Waiting for approval")
    nothing_waits = Text("Nothing waits.")
    approve = Text("Show it")
    hide = Text("Hide")
    hide_all = Text("Hiding takes a face away everywhere at once: overlay, gallery, mirrors, messages. For good.")
    last_faces = Text("The last faces")
    no_faces = Text("No faces yet.")
    gone = Text("That one is not there any more.")

    statistics = Text("Statistics")
    as_table = Text("As a table")
    number = Text("Faces")

    record = Text("Changes")
    nothing_changed = Text("Nothing was changed here yet.")
    when = Text("When")
    what = Text("What")

    reports = Text("Reports")
    no_reports = Text("No reports are waiting.")
    take_down = Text("Take down everywhere")
    take_down_and_block = Text("Take down and block")
    dismiss = Text("Nothing is wrong")
    forgotten = Text("I have forgotten that one already.")
    health = Text("Health")
    part = Text("Part")
    state = Text("State")
    details = Text("Details")
    well = Text("well")
    in_trouble = Text("in trouble")
    pause = Text("Pause everything")
    go_on = Text("Go on")

    @staticmethod
    def label(press: Text, what: Text) -> Text:
        """Names a button that stands many times on a page."""
        return joined([press, what], ": ")

    @staticmethod
    def instance(overview: Overview) -> Text:
        """How the instance stands, in one sentence."""
        waiting = counted("{n} report is waiting", "{n} reports are waiting", overview.open_reports)
        servers = counted("{n} server", "{n} servers", overview.servers)
        state = Text("everything is paused") if overview.is_paused else Text("faces are drawn")
        told = {"servers": servers, "state": state, "waiting": waiting}
        return Text("This instance: {servers}, {state}, {waiting}.", told)
