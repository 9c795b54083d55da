"""Decides which agents a script brings, and takes each of them away again whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ivr.caller.agent_phone import AgentCall, AgentPhone, AgentUnavailable
from ivr.caller.desk import Desk
from ivr.caller.hearing import Ear
from ivr.caller.library import Library, SoundName
from ivr.caller.report import AgentReport
from ivr.caller.script import AgentPlan
from ivr.caller.sound import Samples, Speech, Tone
from ivr.caller.tones import ToneWatch
from ivr.place.runfile import Account


def accounts_for(plans: Sequence[AgentPlan], places: Sequence[Account]) -> list[Account]:
    """An account for each plan: the named agent's, else the next that is nobody's yet.

    Raises `AgentUnavailable` when there is none.
    """
    named = {plan.agent for plan in plans if plan.agent is not None}
    free = [place for place in places if place.agent is not None and place.agent not in named]
    found: list[Account] = []
    for plan in plans:
        if plan.agent is None:
            if not free:
                raise AgentUnavailable(
                    f"line {plan.line}: no phone account of an agent is free "
                    f"(the service has {len(places)}); bring fewer agents or add places"
                )
            found.append(free.pop(0))
            continue
        account = next((place for place in places if place.agent == plan.agent), None)
        if account is None or account in found:
            why = "twice" if account is not None else "who has no phone account"
            raise AgentUnavailable(f"line {plan.line}: agent {plan.agent!r} is asked for {why}")
        found.append(account)
    return found


@dataclass(frozen=True, slots=True)
class Team:
    """The agents of one script, at their phones."""

    phones: tuple[AgentPhone, ...] = ()

    async def wait_idle(self, within_s: float) -> None:
        """Wait until no talk goes on, so that the reports are whole."""
        await asyncio.gather(
            *(asyncio.to_thread(phone.wait_idle, within_s) for phone in self.phones)
        )

    def hung_up_just_before(self, ended_at: float, within_s: float = 1.0) -> bool:
        """Whether one of our agents ended its talk shortly before (monotonic seconds)."""
        return any(
            call.hung_up_here
            and call.ended_at is not None
            and -within_s <= call.ended_at - ended_at <= within_s
            for phone in self.phones
            for call in phone.calls
        )

    def talking_at(self, moment: float) -> dict[str, AgentCall]:
        """The talks at our agents' phones at that moment (monotonic seconds), by agent."""
        return {
            phone.name: call
            for phone in self.phones
            for call in phone.calls
            if call.answered_at is not None
            and call.answered_at <= moment
            and (call.ended_at is None or moment <= call.ended_at)
        }

    def heard_talking(self, agent: str, heard_at: float) -> AgentCall | None:
        """The talk in which `agent` was heard by the caller (monotonic seconds).

        The sound is heard a little after it was spoken, and may end after the phone hung up.
        """
        talks = (self.talking_at(heard_at - late_s).get(agent) for late_s in (0.0, 0.3, -0.3))
        return next((talk for talk in talks if talk is not None), None)


@asynccontextmanager
async def team(
    server: tuple[str, int],
    desk: Desk | None,
    plans: Sequence[AgentPlan],
    places: Sequence[Account],
    speech: Mapping[Speech, Samples],
) -> AsyncIterator[Team]:
    """The agents at their phones, registered and ready; signed out and unregistered on the way out.

    Raises `AgentUnavailable`. Without a desk (a switch that is no Freizeichen) nobody is told.
    """
    accounts = accounts_for(plans, places)
    phones = tuple(
        AgentPhone(server, account, plan, speech[plan.speak] if plan.speak is not None else None)
        for account, plan in zip(accounts, plans, strict=True)
    )
    try:
        started = await asyncio.gather(
            *(asyncio.to_thread(phone.start) for phone in phones), return_exceptions=True
        )
        for outcome in started:
            if isinstance(outcome, BaseException):
                raise outcome
        if desk is not None:
            for phone in phones:
                await desk.ready(phone.name)
        yield Team(phones)
    finally:
        if desk is not None:
            await asyncio.gather(
                *(desk.sign_out(phone.name) for phone in phones), return_exceptions=True
            )
        await asyncio.gather(*(asyncio.to_thread(phone.stop) for phone in phones))


def agent_report(
    phone: AgentPhone, said: Mapping[Speech, Samples], zero: float | None
) -> AgentReport:
    """What one agent's phone saw; `said` is what the caller said, `zero` its answer's time.

    Correlates the phone's received sound with what the caller said: not for the event loop.
    """
    calls = phone.calls
    talks = [call for call in calls if call.answered_at is not None]
    # A talk may fail and be offered again: the one that lasted longest is the one to tell of.
    answered = max(talks, key=lambda call: call.lasted_s, default=None)
    shown = answered or (calls[0] if calls else None)
    heard_s: float | None = None
    if talks and said:
        heard_s = sum(_heard_of(talk.sound(), said) for talk in talks)
    by = None
    if answered is not None and answered.ended_at is not None:
        by = "agent" if answered.hung_up_here else "far end"
    return AgentReport(
        agent=phone.name,
        rang=bool(calls),
        calls=len(calls),
        rang_at_s=shown.rang_at - zero if shown is not None and zero is not None else None,
        answered_after_s=(
            answered.answered_at - answered.rang_at
            if answered is not None and answered.answered_at is not None
            else None
        ),
        heard_caller=None if heard_s is None else heard_s > 0,
        heard_caller_s=heard_s,
        hung_up_by=by,
    )


def _heard_of(sound: Samples, said: Mapping[Speech, Samples]) -> float:
    """How many seconds of what was said are in `sound`."""
    total = 0.0
    spoken: dict[SoundName, Samples] = {}
    for speech, samples in said.items():
        if isinstance(speech, Tone):
            watch = ToneWatch(speech.hz)
            watch.feed(sound)
            total += sum(tone.to_s - tone.from_s for tone in watch.heard)
        else:
            spoken[SoundName(f"said {len(spoken)}")] = samples
    if spoken:
        ear = Ear(Library(spoken))
        ear.feed(sound)
        ear.finish()
        total += sum((heard.to_s or heard.from_s) - heard.from_s for heard in ear.heard)
    return total
