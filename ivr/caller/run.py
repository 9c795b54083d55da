"""Decides how a script becomes a call: agents in, dial, steps, hang up, agents out, report."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.caller.agents import Team, agent_report, team
from ivr.caller.desk import Desk
from ivr.caller.finished import FinishedCall, agent_sound, report_of
from ivr.caller.library import Library, SoundName, read_prompts
from ivr.caller.listening import Listening
from ivr.caller.own_card import OwnCard
from ivr.caller.phone import CallFailed, SipServer, caller_phone
from ivr.caller.report import Report
from ivr.caller.script import Say, Script
from ivr.caller.sound import Samples, Speech, Tone, samples_of
from ivr.caller.steps import Steps
from ivr.place.runfile import Account

_TALK_ENDS_S = 3.0
_LISTENED_S = 5.0


@dataclass(frozen=True, slots=True)
class Service:
    """What is called: the caller's account at its switch, its prompts, its agents' phones."""

    server: SipServer
    prompts: Path | None = None
    places: tuple[Account, ...] = ()
    desk: Desk | None = None


@dataclass(frozen=True, slots=True)
class _Sounds:
    """All sounds of a call, made before it begins."""

    speech: Mapping[Speech, Samples]
    library: Library


async def make_call(service: Service, to: str, script: Script) -> Report:
    """Call `to` and do what the script says; everything brought is taken away again.

    Raises `CannotSpeak` and `AgentUnavailable` when the call could not even begin; whatever goes
    wrong later is in the report.
    """
    sounds = await asyncio.to_thread(_prepare, service, script)
    where = (service.server.host, service.server.port)
    async with (
        team(where, service.desk, script.agents, service.places, sounds.speech) as agents,
        caller_phone(service.server) as phone,
    ):
        try:
            answered_after_s = await phone.dial(to, script.answered_within_s)
        except CallFailed as failed:
            return _rejected(to, script, failed, agents)
        listening = Listening(phone, sounds.library, script.tones_hz)
        hearing = asyncio.create_task(listening.run())  # ends with the call, which ends below
        own_card = OwnCard(service.desk, to, agents)
        following = asyncio.create_task(own_card.follow())
        steps = Steps(phone, listening, sounds.speech, own_card)
        try:
            await steps.go(script.steps)
            await steps.hang_up()
        finally:
            following.cancel()
            await phone.hang_up()
            await asyncio.wait([hearing, following], timeout=_LISTENED_S)
            hearing.cancel()
        await agents.wait_idle(_TALK_ENDS_S)
        call = FinishedCall(
            to, script, answered_after_s, phone, listening, steps, agents, sounds.speech, own_card
        )
        return await report_of(call)


def _prepare(service: Service, script: Script) -> _Sounds:
    wanted = [step.speech for step in script.steps if isinstance(step, Say)]
    wanted += [agent.speak for agent in script.agents if agent.speak is not None]
    speech = {one: samples_of(one) for one in dict.fromkeys(wanted)}
    known: dict[SoundName, Samples] = {}
    if service.prompts is not None:
        known |= read_prompts(service.prompts, script.language)
    for index, agent in enumerate(script.agents):
        if agent.speak is not None and not isinstance(agent.speak, Tone):
            known[agent_sound(index)] = speech[agent.speak]
    return _Sounds(speech, Library(known))


def _rejected(to: str, script: Script, failed: CallFailed, agents: Team) -> Report:
    expected = script.expect.rejected == failed.status
    return Report(
        to=to,
        about=script.about,
        ok=expected,
        failed_step=None if expected else "call",
        why=None if expected else f"rejected with SIP {failed.status} ({failed})",
        rejected=failed.status,
        answered_after_s=None,
        heard=(),
        tones=(),
        digits=(),
        turns=(),
        understood=None,
        bridge=None,
        agents=tuple(agent_report(phone, {}, None) for phone in agents.phones),
        hung_up_by=None,
        ended_after_s=None,
        rtp_packets=0,
        steps=(),
    )
