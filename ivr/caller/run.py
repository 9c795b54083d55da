"""Decides how a script becomes a call: agents in, dial, steps, hang up, agents out, report."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ivr.caller.agent_phone import AgentPhone
from ivr.caller.agents import Team, agent_report, team
from ivr.caller.desk import Desk
from ivr.caller.hearing import Heard
from ivr.caller.library import Library, SoundName, read_prompts
from ivr.caller.listening import Listening
from ivr.caller.phone import CallerPhone, CallFailed, SipServer, caller_phone
from ivr.caller.report import Bridge, Report, StepReport
from ivr.caller.script import Expectation, HungUpBy, Say, Script
from ivr.caller.sound import Samples, Speech, Tone, samples_of
from ivr.caller.steps import Steps
from ivr.runfile import Account

_LEAST_TONE_S = 0.2
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
        steps = Steps(phone, listening, sounds.speech)
        try:
            went_well = await steps.go(script.steps)
        finally:
            await phone.hang_up()
            await asyncio.wait([hearing], timeout=_LISTENED_S)
            hearing.cancel()
        await agents.wait_idle(_TALK_ENDS_S)
        return await asyncio.to_thread(
            _report,
            to,
            script,
            answered_after_s,
            went_well,
            phone,
            listening,
            steps,
            agents,
            sounds,
        )


def _prepare(service: Service, script: Script) -> _Sounds:
    wanted = [step.speech for step in script.steps if isinstance(step, Say)]
    wanted += [agent.speak for agent in script.agents if agent.speak is not None]
    speech = {one: samples_of(one) for one in dict.fromkeys(wanted)}
    known: dict[SoundName, Samples] = {}
    if service.prompts is not None:
        known |= read_prompts(service.prompts, script.language)
    for index, agent in enumerate(script.agents):
        if agent.speak is not None and not isinstance(agent.speak, Tone):
            known[_agent_sound(index)] = speech[agent.speak]
    return _Sounds(speech, Library(known))


def _agent_sound(index: int) -> SoundName:
    return SoundName(f"agent-{index + 1}-speech")


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
        bridge=None,
        agents=tuple(agent_report(phone, {}, None) for phone in agents.phones),
        hung_up_by=None,
        ended_after_s=None,
        rtp_packets=0,
        steps=(),
    )


def _report(
    to: str,
    script: Script,
    answered_after_s: float,
    went_well: bool,
    phone: CallerPhone,
    listening: Listening,
    steps: Steps,
    agents: Team,
    sounds: _Sounds,
) -> Report:
    zero = phone.answered_at or 0.0
    tones = tuple(
        sorted((tone for w in listening.tones for tone in w.heard), key=lambda t: t.from_s)
    )
    said = {
        step.speech: sounds.speech[step.speech] for step in script.steps if isinstance(step, Say)
    }
    by = _hung_up_by(phone, agents)
    ended_after_s = phone.ended_at - zero if phone.ended_at is not None else None
    report = Report(
        to=to,
        about=script.about,
        ok=True,
        failed_step=None,
        why=None,
        rejected=None,
        answered_after_s=answered_after_s,
        heard=tuple(one for one in listening.ear.heard if one.language),
        tones=tones,
        digits=tuple(steps.keys),
        bridge=_bridge(script, agents, listening, zero),
        agents=tuple(agent_report(one, said, zero) for one in agents.phones),
        hung_up_by=by,
        ended_after_s=ended_after_s,
        rtp_packets=phone.packets_received,
        steps=tuple(steps.reports),
    )
    return _judged(report, script.expect, went_well)


def _hung_up_by(phone: CallerPhone, agents: Team) -> HungUpBy | None:
    if phone.ended_at is None:
        return None
    if not phone.hung_up_by_far_end:
        return HungUpBy.CALLER
    return HungUpBy.AGENT if agents.hung_up_just_before(phone.ended_at) else HungUpBy.SERVICE


def _bridge(script: Script, agents: Team, listening: Listening, zero: float) -> Bridge | None:
    """The first sound of one of our agents in our own RTP."""
    firsts: list[Bridge] = []
    for index, (plan, agent) in enumerate(zip(script.agents, agents.phones, strict=True)):
        if isinstance(plan.speak, Tone):
            hz = plan.speak.hz
            times = [
                tone.from_s
                for watch in listening.tones
                for tone in watch.heard
                if tone.hz == hz and tone.to_s - tone.from_s >= _LEAST_TONE_S
            ]
        else:
            name = _agent_sound(index).name
            times = [heard.from_s for heard in listening.ear.heard if _spoken_by(heard, name)]
        # Two agents may have the same tone: it was that of the one who was talking then.
        times = [at for at in times if _was_talking(agent, agents, zero + at)]
        if times:
            firsts.append(Bridge(min(times), agent.name))
    return min(firsts, key=lambda bridge: bridge.heard_at_s, default=None)


def _spoken_by(heard: Heard, name: str) -> bool:
    return not heard.language and heard.is_(name)


def _was_talking(agent: AgentPhone, agents: Team, moment: float) -> bool:
    # The sound is heard a little after it was spoken, and may end after the phone hung up.
    return any(agent.name in agents.talking_at(moment - late_s) for late_s in (0.0, 0.3, -0.3))


def _judged(report: Report, expect: Expectation, went_well: bool) -> Report:
    failed: StepReport | None = next((step for step in report.steps if not step.ok), None)
    wrong: list[tuple[str, str]] = []
    if not went_well and failed is not None:
        wrong.append((f"line {failed.line}: {failed.step}", failed.why or ""))
    if expect.rejected is not None:
        wrong.append(("expect rejected", "the call was answered"))
    if expect.bridged is not None and expect.bridged != (report.bridge is not None):
        found = "an agent was heard" if report.bridge is not None else "no agent was heard"
        wrong.append(("expect bridged", found))
    if expect.hung_up_by is not None and expect.hung_up_by != report.hung_up_by:
        wrong.append(("expect hung_up_by", f"it was {report.hung_up_by or 'nobody'}"))
    if expect.heard_by_agent is not None:
        heard = any(agent.heard_caller for agent in report.agents)
        if heard != expect.heard_by_agent:
            wrong.append(
                ("expect heard_by_agent", f"{'an' if heard else 'no'} agent heard the caller")
            )
    if not wrong:
        return report
    step, why = wrong[0]
    return replace(report, ok=False, failed_step=step, why=why)
