"""What the bot can do on Discord: the list of its features, and what they are built from."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from random import Random

from bot.consent import Consent
from bot.discord.admin.access import Access
from bot.discord.admin.approving import Approving
from bot.discord.admin.blocks import Blocks
from bot.discord.admin.desk import Desk
from bot.discord.admin.pausing import Pausing
from bot.discord.admin.purging import Purging
from bot.discord.admin.scripting import Scripting
from bot.discord.admin.settings import Settings
from bot.discord.asking import Asking
from bot.discord.buttons.feature import Buttons
from bot.discord.cancelling import Cancelling
from bot.discord.deleting import Deleting
from bot.discord.emote_answers import EmoteAnswers, KnowsEmotes
from bot.discord.emote_commands import EmoteCommands
from bot.discord.feature import Feature
from bot.discord.gathering import Gathering
from bot.discord.greeting import Greeting
from bot.discord.guessing.feature import Guessing
from bot.discord.helping import Helper, Helping
from bot.discord.intake import Intake
from bot.discord.link import Link
from bot.discord.menus import Menus
from bot.discord.mirroring.feature import Mirrors
from bot.discord.operating.feature import Operating
from bot.discord.pacing import Pacing
from bot.discord.prefix import Prefixes
from bot.discord.presence import Outlook
from bot.discord.privacy import Privacy
from bot.discord.progress import WorkingSigns
from bot.discord.reach import Reach
from bot.discord.reacting import Reacting
from bot.discord.reporting import Reporting
from bot.discord.server_commands import Decisions
from bot.discord.service import Faces
from bot.discord.sharding import ShardRange
from bot.discord.shown import Showing
from bot.discord.slash import Slash
from bot.discord.statistics import Statistics
from bot.discord.taking_back import Removal, TakingBack
from bot.discord.words import Words
from bot.forgetting import ForgetsFaces, Forgetting
from bot.guessing.game import Game
from bot.mirror.parts import MirrorParts
from bot.operating.desk import OperatorDesk
from bot.operating.reporting import ReportTaker
from bot.policy.changing import Changing
from bot.policy.policy import Policy
from bot.stage.stage import Stage
from bot.stats.records import Records
from bot.store.audit import Audit
from bot.store.server_data import ServerData
from bot.store.servers import Servers
from bot.store.votes import Votes
from bot.tasks import BoundedTasks
from config.settings import DiscordSettings, RequestsSettings


@dataclass(frozen=True, slots=True)
class Services:
    """What Discord needs of the rest of the program."""

    faces: Faces
    emotes: KnowsEmotes
    showing: Showing
    consent: Consent
    policy: Policy
    votes: Votes
    game: Game
    records: Records
    servers: Servers
    forgetting: Forgetting
    server_data: ServerData
    requests: RequestsSettings
    desk: OperatorDesk
    cache: ForgetsFaces
    operators: Collection[str]
    audit: Audit
    outlook: Callable[[], Outlook]
    public_url: str | None = None  # where people find the bot's own pages
    stage: Stage | None = None
    mirror: MirrorParts | None = None  # None: there is no Twitch to mirror


@dataclass(frozen=True, slots=True)
class Surface:
    """What all features work with on Discord's side; it outlives every connection."""

    link: Link
    tasks: BoundedTasks
    signs: WorkingSigns
    words: Words
    reach: Reach
    removal: Removal
    pacing: Pacing
    random: Random


def build_features(settings: DiscordSettings, services: Services, surface: Surface) -> list[Feature]:
    """Anew for every client, because discord.py binds a cog's commands to the bot they were added to."""
    link, tasks, words, pacing = surface.link, surface.tasks, surface.words, surface.pacing
    gathering = Gathering(services.showing, services.consent, link, timeout_s=pacing.request_timeout_s)
    answers = EmoteAnswers(services.emotes, link, words)
    policy, faces = services.policy, services.faces
    prefixes = Prefixes(policy, settings.prefix)
    helper = Helper(link, prefix=settings.prefix, public_url=services.public_url)
    intake = Intake(faces, policy, link, surface.signs, words, reach=surface.reach)
    return [
        Slash(intake, gathering, services.emotes, link, tasks),
        Asking(
            link,
            tasks,
            words,
            intake=intake,
            gathering=gathering,
            prefixes=prefixes,
            helper=helper,
        ),
        Menus(intake, gathering, services.emotes, link, words, tasks),
        Reacting(faces, policy, link, tasks, pacing, intake=intake, gathering=gathering),
        Helping(helper, policy, words, tasks),
        EmoteCommands(answers, words, tasks, prefixes),
        Decisions(services.consent, words, tasks),
        Deleting(services.faces, words, tasks, pacing, removal=surface.removal),
        Privacy(
            services.forgetting,
            services.server_data,
            words,
            tasks,
            settings=services.requests,
            public_url=services.public_url,
        ),
        Reporting(faces, ReportTaker(services.desk.reports), policy, link, words, tasks=tasks),
        Operating(services.desk, faces, words, tasks, operators=services.operators),
        Guessing(services.game, link, tasks, words, intake=intake, prefixes=prefixes, reach=surface.reach),
        Statistics(services.records, services.emotes, link, words, tasks),
        Greeting(services.servers, link, words, tasks, owns=ShardRange.of(settings).owns),
        *_for_admins(services, surface, gathering),
        Cancelling(services.faces, surface.signs, words, tasks),
        TakingBack(services.faces, link, tasks, surface.signs, services.policy, removal=surface.removal, pacing=pacing),
        Buttons(
            faces,
            intake,
            services.consent,
            services.votes,
            words,
            tasks=tasks,
            random=surface.random,
            timeout_s=pacing.request_timeout_s,
        ),
    ]


def _for_admins(services: Services, surface: Surface, gathering: Gathering) -> list[Feature]:
    desk = Desk(surface.words, surface.tasks)
    changing = Changing(services.policy, services.emotes)
    return [
        Settings(services.policy, changing, Access(surface.link, surface.pacing), desk),
        Scripting(services.policy, changing, services.audit, desk),
        Blocks(services.policy.blocking, services.faces, services.emotes, surface.link, desk, gathering=gathering),
        Pausing(services.policy, desk),
        Purging(services.faces, services.policy, services.audit, desk, pacing=surface.pacing),
        *((Mirrors(services.mirror.linking, desk),) if services.mirror else ()),
        *((Approving(services.stage, services.faces, desk),) if services.stage else ()),
    ]
