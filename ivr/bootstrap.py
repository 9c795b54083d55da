"""Builds the running service and joins its two sides, the callers' and the waiting one."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import structlog

from ivr import resources
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.audiosocket.prompt_store import PromptStore
from ivr.asterisk.audiosocket.server import AudioServer
from ivr.asterisk.audiosocket.visit import Visits
from ivr.asterisk.calls import Calls
from ivr.asterisk.client import AmiClient
from ivr.asterisk.coming_back import MissedCall
from ivr.asterisk.config import AMI_USER
from ivr.asterisk.errors import LoginRefused
from ivr.asterisk.feature_codes import FeatureCodes
from ivr.asterisk.greeting import greets
from ivr.asterisk.keeper import keep_asterisk_up
from ivr.asterisk.listening_calls import ListeningCalls
from ivr.asterisk.offers import OFFER_PREFIX, Offers
from ivr.asterisk.own_log import keep_small
from ivr.asterisk.process import SwitchProcess
from ivr.asterisk.silence import ReadyForSilence
from ivr.asterisk.switchboard import Switchboard, Told
from ivr.asterisk.trunk_watch import TrunkWatch
from ivr.asterisk.turned_away import Turnstile
from ivr.asterisk.wire_events import WireEvent
from ivr.dialogues.dialogue import Surroundings
from ivr.dialogues.driver import Driver
from ivr.dialogues.standing import Standing, standing
from ivr.hearing.watch import HearingWatch
from ivr.keeping.keeping import Keeping, journal_figures, journal_reasons, journal_status
from ivr.keeping.kept import Kept
from ivr.logs.call_log import log_fact
from ivr.metrics.callers import CallersSide, KeptFigures, metrics_text
from ivr.metrics.waiting import Figures
from ivr.service.winding_down import WindingDown
from ivr.starting.adoption import Adoption, lines_left, offers_left
from ivr.starting.ears import Ears, ModelFolders
from ivr.starting.preparation import Prepared
from ivr.telling.door_keeper import DoorKeeper
from ivr.telling.last_agents import PreferLast
from ivr.telling.learner import Learner
from queues.api import HealthReason, HealthReport, HealthStatus
from queues.cards import CardEntry
from queues.centre.facts.fact import Fact
from queues.centre.inputs.calls import CallMissed, MissCause
from queues.centre.inputs.input import Input
from queues.centre.inputs.settings import Order, SettingsLoaded
from queues.dialogues import DialogueRow
from queues.dispatcher import Clock, Dispatcher
from queues.ids import CallId, PlaceId, QueueId
from queues.live import Hub

log = structlog.get_logger()

_LINK_UP_S = 20.0

Tell = Callable[[str], None]


class Service:
    """One running service on a prepared place. `run` owns every task of it."""

    def __init__(self, prepared: Prepared, kept: Kept, switch: SwitchProcess, tell: Tell) -> None:
        settings = prepared.settings
        self._recordings = [
            HealthReason("recording_unusable", f"the recording of '{each.prompt}' {each.message}")
            for each in prepared.unused_recordings
        ]
        self._staff = settings.staff
        self._switch = switch
        self._tell = tell
        self._was_ready = False
        self._decides = False
        self._hands: list[asyncio.Task[None]] = []  # the tasks that speak with callers
        self.hub = Hub()
        self.clock = Clock.after(kept.centre)
        self._keeping = Keeping(
            kept,
            self.clock.now,
            ZoneInfo(settings.site.zone),
            region=settings.site.region,
            keep_records_days=settings.store.keep_records_days,
            keep_contacts_days=settings.store.keep_contacts_days,
            wall=self.clock.wall,
            prefer_last={
                QueueId(queue.id): PreferLast(last.within_h * 3600.0, last.for_s)
                for queue in settings.queues
                if (last := queue.prefer_last_agent) is not None
            },
        )
        self._ami_port = settings.ports.ami
        self.client = AmiClient("127.0.0.1", settings.ports.ami, AMI_USER, prepared.secrets.ami)
        desk = AgiDesk(self.client)
        callers = lines_left(kept.centre, kept.dialogues)
        plain_calls = Calls(self.client, desk, prepared.prompts)
        prompts = PromptStore(prepared.prompts)
        self.ears = Ears(
            prepared.plans.values(),
            ModelFolders(settings.speech.models, resources.cache_folder()),
            prompts,
            settings.speech.threads,
        )
        self._audio = AudioServer()
        self._visits = Visits(desk, self._audio)
        calls = ListeningCalls(plain_calls, self._visits, prompts, self.ears.desk)
        self._offers = Offers(self.client, desk, self.submit, callers, settings.site.name)
        self._offers.begin_after(kept.centre.epoch, kept.centre.last_offer)
        for offer, call, leg in offers_left(kept.centre):
            self._offers.restore(offer, call, leg)
        default_queue = QueueId(settings.queues[0].id)
        self._driver = Driver(
            prepared.plans,
            Surroundings(
                calls,
                self.submit,
                self.clock.now,
                calls.hears,
                self._keeping.dialogues.keep,
                calls.not_heard,
                self._staff,
                self._standing,
                self._keeping.last_agents.of,
            ),
            default_queue,
            self._keeping.dialogues.end,
            kept.plans,
        )
        self.dispatcher = Dispatcher.recovered(
            self._offers,
            self._driver,
            self.clock,
            self.hub,
            journal=self._keeping.journal,
            centre=kept.centre,
            last_seq=kept.store.last_seq,
            epoch=kept.store.epoch,
            node=kept.store.node,
        )
        self._end = WindingDown(
            self.dispatcher.submit,
            self.dispatcher.view,
            self.client,
            spoken_with=lambda: [c for c in self._driver.calls if self._driver.speaks_with(c)],
            unsettled=self._offers.unsettled,
            is_ours=desk.in_agi,
            is_written=lambda: self._keeping.dialogues.is_written,
        )
        self._learner = Learner(
            kept.store,
            kept.centre.learned,
            tuple(queue.queue for queue in self._staff.queues),
            lambda: self._keeping.projector.seq,
            self.submit,
        )
        self._adoption = Adoption(
            callers,
            kept.dialogues,
            prepared.plans,
            self._driver,
            self.submit,
            self.dispatcher.view,
            self._keeping.dialogues.end,
            self._keeping.dialogues.contact_kept,
            self._staff,
            lived_at=kept.centre.at,
            own_time=self.clock.own,
        )
        self._silence = ReadyForSilence(
            self.client,
            desk,
            callers,
            decides=lambda: self._decides and not self._keeping.is_taken_over,
            agents=lambda: self.dispatcher.view().agents,
            adopted=self._adoption.comes_back,
            missed=self._missed,
        )
        self.hub.watch(lambda _, change: self._silence.on_change(change))
        self.hub.watch(log_fact)
        self.hub.watch(lambda _, change: self._keeping.last_agents.on_change(change))
        self._codes = FeatureCodes(
            self.client,
            self.submit,
            lambda: self.dispatcher.view().agents,
            settings.pause_reasons[0],
        )
        self._doors = DoorKeeper.of(settings, self.clock.wall, self.submit, kept.centre)
        self._turnstile, self._trunk = Turnstile(), TrunkWatch(settings.own_trunk)
        self._switchboard = Switchboard(
            self.client,
            desk,
            plain_calls,
            self._offers,
            self._driver,
            self.submit,
            callers,
            frozenset(PlaceId(place) for place in settings.places),
            self._adoption,
            Told(self._on_event, self._keeping.dialogues.arrived, self._looked_up),
        )
        self._hearing_watch = HearingWatch(self.ears.desk.load, calls.counts.sent_to_keys)
        self._collector = CallersSide(
            up=lambda: self.client.up,
            dialogues=lambda: len(self._driver.calls),
            audio=lambda: self._audio.figures,
            hearing=self.ears.desk.load,
            heard=calls.counts,
            turned_away=self._turnstile.turned_away.__getitem__,
        )
        self._figures = Figures(
            self.hub,
            self.dispatcher.view,
            self.health,
            self.clock.wall,
            self.client.inbox.lag,
            lambda: len(asyncio.all_tasks()),
        )
        self._kept = KeptFigures(
            ledger=lambda: self.dispatcher.journal_health,
            writer=self._keeping.writer,
            snapshot_seq=lambda: self._keeping.snapshots.saved_seq,
            records_seq=lambda: self._keeping.projector.seq,
            left=lambda: len(self._adoption),
            beats=lambda: self._silence.beats,
        )

    def _standing(self, call: CallId) -> Standing | None:
        """Where a caller stands; by service level nobody has a place that could be told."""
        view = self.dispatcher.view()
        orders = {queue.queue: queue.order for queue in self._staff.queues}
        by_mark = orders.get(QueueId(view.queue_of(call) or "")) is Order.SERVICE_LEVEL
        return standing(view, call, self.clock.wall(), has_place=not by_mark)

    def _on_event(self, event: WireEvent) -> None:
        for each in (self._silence, self._turnstile, self._trunk, self._codes):
            each.on_event(event)

    def _looked_up(self) -> None:
        self.dispatcher.release()
        self._silence.looked_up()

    def submit(self, what: Input) -> tuple[Fact, ...]:
        """Hand an input to the centre."""
        return self._end.submit(what)

    @property
    def beats(self) -> int:
        """How many signs of life Asterisk has taken."""
        return self._silence.beats

    async def asterisk_greets(self) -> bool:
        """Whether Asterisk greets who comes to its control port anew."""
        return await greets("127.0.0.1", self._ami_port)

    async def wind_down(self) -> None:
        """Come to an end under living calls, within seconds; then `run` is to be cancelled.

        For an Asterisk that stays. Every caller is left to its dialplan, for the next start.
        """
        if self._was_ready:
            await self._end.end_offers()
            self._decides = False  # no beat any more: who calls now has music soon
            await self._end.let_go(self._hands)

    def health(self) -> HealthReport:
        """Whether a call would be answered now, and what of it is missing."""
        asterisk = HealthStatus.OK if self.client.up else HealthStatus.DOWN
        load, audio = self.ears.desk.load(), self._audio.figures
        reasons = [*self.ears.reasons(), *filter(None, [self._hearing_watch.reason()])]
        ledger, writer = self.dispatcher.journal_health, self._keeping.writer()
        people, trunk = self._keeping.people.reasons(), self._trunk.reasons()
        return HealthReport(
            {
                "asterisk": asterisk,
                "speech": HealthStatus.DEGRADED if reasons else HealthStatus.OK,
                "prompts": HealthStatus.DEGRADED if self._recordings else HealthStatus.OK,
                "journal": journal_status(ledger),
                "people": HealthStatus.DEGRADED if people else HealthStatus.OK,
                "trunk": HealthStatus.DEGRADED if trunk else HealthStatus.OK,
            },
            {
                "speech_listening": load.listening,
                "speech_streams": load.under_way,
                "speech_streams_capacity": load.capacity,
                "speech_lag_s": load.lag_s,
                "audio_lines": audio.lines,
                "audio_late_share": audio.pacer.late_share,
            }
            | journal_figures(ledger, writer),
            {
                "speech": reasons,
                "prompts": self._recordings,
                "journal": journal_reasons(writer),
                "people": people,
                "trunk": trunk,
            },
        )

    def metrics(self) -> bytes:
        """What Prometheus reads."""
        return metrics_text(self._collector, self._kept, *self._figures.collectors)

    def card(self, call: CallId) -> tuple[CardEntry, ...] | None:
        """What the caller of a live call said and keyed in so far."""
        entries = self._driver.card(call)
        if entries is None:
            return None
        return tuple(
            entry if entry.at is None else replace(entry, at=self.clock.shown(entry.at))
            for entry in entries
        )

    def dialogues(self) -> tuple[DialogueRow, ...]:
        """The calls that a dialogue has, in times of the wall clock."""
        shown = self.clock.shown
        return tuple(
            replace(row, since=shown(row.since), state_since=shown(row.state_since))
            for row in self._driver.rows()
        )

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until cancelled; `ready` is called once the first call would be answered.

        Raises `LoginRefused` when Asterisk refuses our password, `LinkLost` when there is no link,
        `JournalTakenOver` when another service writes the journal.
        """
        self.submit(self._roster())  # before any other input: what was kept may name other phones
        self._doors.tell()
        self._decides = True
        await self._audio.open()
        try:
            await self._run(ready)
        finally:
            self._decides = False
            await self._audio.close()
            await self.ears.close()

    async def _run(self, ready: Callable[[], None]) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._audio.run(), name="callers' sound")
            tasks.create_task(self._visits.run(), name="visits")
            tasks.create_task(self.ears.load(self._tell), name="models")
            tasks.create_task(self._hearing_watch.run(), name="time to hear")
            tasks.create_task(self.ears.give_memory_back(), name="memory given back")
            tasks.create_task(self._keep_link(), name="link to Asterisk")
            tasks.create_task(self._offers.run(), name="offers")
            tasks.create_task(self._codes.run(), name="feature codes")
            self._hands = [
                tasks.create_task(self._switchboard.run(), name="switchboard"),
                tasks.create_task(self._driver.run(), name="dialogues"),
            ]
            tasks.create_task(self.dispatcher.run(), name="dispatcher")
            tasks.create_task(self._keeping.run(), name="keeping")
            tasks.create_task(self._learner.run(), name="waits learned")
            tasks.create_task(self._silence.run(), name="ready for silence")
            tasks.create_task(self._figures.lag.run(), name="lateness of the loop")
            tasks.create_task(self._doors.run(), name="doors")
            tasks.create_task(keep_asterisk_up(self._switch, self._tell), name="Asterisk's keeper")
            tasks.create_task(keep_small(self._switch.folders.log / "messages"), name="its log")
            await self.client.wait_up(_LINK_UP_S)
            await self.ears.loaded.wait()
            self._was_ready = True
            ready()

    async def _keep_link(self) -> None:
        """A password that Asterisk refuses ends a start, but never a running service."""
        try:
            await self.client.run()
        except LoginRefused as error:
            if not self._was_ready:
                raise
            log.error("Asterisk refuses the login; restart the service", error=error.code)
            self._tell(f"{error}; restart the service")
            await asyncio.Event().wait()

    async def _missed(self, missed: MissedCall) -> None:
        """Keep a call that ended while nobody decided; raises if that cannot be done.

        The dialplan notes a caller before it says its farewell; one who was taken back is served.
        """
        if missed.call in self._driver.calls:
            return
        contact = await self._keeping.contact_of(missed.number)
        what = CallMissed(
            missed.call, missed.line, missed.at_s, contact, cause=MissCause.NO_SERVICE
        )
        await self.dispatcher.submit_and_commit(what, otherwise=None)

    def _roster(self) -> SettingsLoaded:
        staff = self._staff
        return SettingsLoaded(staff.queues, staff.agents, OFFER_PREFIX + secrets.token_hex(4))
