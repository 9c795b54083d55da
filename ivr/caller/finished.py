"""Decides what the report of a call says, once the call is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivr.caller.agents import Team, agent_report
from ivr.caller.desk import CardEntry
from ivr.caller.expectations import judged
from ivr.caller.hearing import Heard
from ivr.caller.library import SoundName
from ivr.caller.listening import Listening
from ivr.caller.own_card import OwnCard
from ivr.caller.phone import CallerPhone
from ivr.caller.report import AgentReport, Bridge, Report, Understood
from ivr.caller.said import timed, turns_of
from ivr.caller.script import HungUpBy, Say, Script
from ivr.caller.sound import Samples, Speech, Tone
from ivr.caller.steps import Steps
from ivr.caller.tones import HeardTone

_LEAST_TONE_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class FinishedCall:
    """A call that is over, and all who took part in it."""

    to: str
    script: Script
    answered_after_s: float
    phone: CallerPhone
    listening: Listening
    steps: Steps
    agents: Team
    speech: Mapping[Speech, Samples]
    own_card: OwnCard

    @property
    def zero(self) -> float:
        """When it was answered, in monotonic seconds."""
        return self.phone.answered_at or 0.0


def agent_sound(index: int) -> SoundName:
    """The name under which the speech of a script's agent is listened for."""
    return SoundName(f"agent-{index + 1}-speech")


async def report_of(call: FinishedCall) -> Report:
    """What was heard, said, understood and measured, judged by what the script expects."""
    bridge = _bridge(call)
    bridged = None if bridge is None else (bridge.agent, call.zero + bridge.heard_at_s)
    card = await call.own_card.told(bridged)
    report = await asyncio.to_thread(_report, call, bridge, card)
    return judged(report, call.script.expect)


def _report(call: FinishedCall, bridge: Bridge | None, card: Sequence[CardEntry] | None) -> Report:
    phone, heard = call.phone, call.listening.ear.heard
    turns = turns_of(call.steps.said, call.steps.keys, phone, call.listening)
    return Report(
        to=call.to,
        about=call.script.about,
        ok=True,
        failed_step=None,
        why=None,
        rejected=None,
        answered_after_s=call.answered_after_s,
        heard=tuple(one for one in heard if one.language),
        tones=_tones(call.listening),
        digits=tuple(call.steps.keys),
        turns=tuple(turn for _, turn in turns),
        understood=None if card is None else _understood(card, call.zero),
        bridge=bridge,
        agents=_agent_reports(call),
        hung_up_by=_hung_up_by(phone, call.agents),
        ended_after_s=phone.ended_at - call.zero if phone.ended_at is not None else None,
        rtp_packets=phone.packets_received,
        steps=timed(call.steps.reports, turns),
    )


def _tones(listening: Listening) -> tuple[HeardTone, ...]:
    heard = (tone for watch in listening.tones for tone in watch.heard)
    return tuple(sorted(heard, key=lambda tone: tone.from_s))


def _agent_reports(call: FinishedCall) -> tuple[AgentReport, ...]:
    said = {
        step.speech: call.speech[step.speech] for step in call.script.steps if isinstance(step, Say)
    }
    return tuple(agent_report(one, said, call.zero) for one in call.agents.phones)


def _understood(card: Sequence[CardEntry], zero: float) -> tuple[Understood, ...]:
    """The card's entries in the call's own time; `zero` is its answer in monotonic seconds."""
    answered_at = time.time() - time.monotonic() + zero
    return tuple(
        Understood(
            at_s=None if entry.at is None else entry.at.timestamp() - answered_at,
            node=entry.node,
            by=entry.by,
            said=entry.said,
            led_to=entry.led_to,
        )
        for entry in card
    )


def _hung_up_by(phone: CallerPhone, agents: Team) -> HungUpBy | None:
    if phone.ended_at is None:
        return None
    if not phone.hung_up_by_far_end:
        return HungUpBy.CALLER
    return HungUpBy.AGENT if agents.hung_up_just_before(phone.ended_at) else HungUpBy.SERVICE


def _bridge(call: FinishedCall) -> Bridge | None:
    """The first sound of one of our agents in our own RTP."""
    firsts: list[Bridge] = []
    pairs = zip(call.script.agents, call.agents.phones, strict=True)
    for index, (plan, agent) in enumerate(pairs):
        if isinstance(plan.speak, Tone):
            hz = plan.speak.hz
            times = [
                tone.from_s
                for tone in _tones(call.listening)
                if tone.hz == hz and tone.to_s - tone.from_s >= _LEAST_TONE_S
            ]
        else:
            name = agent_sound(index).name
            times = [one.from_s for one in call.listening.ear.heard if _spoken_by(one, name)]
        # Two agents may have the same tone: it was that of the one who was talking then.
        times = [at for at in times if call.agents.heard_talking(agent.name, call.zero + at)]
        if times:
            firsts.append(Bridge(min(times), agent.name))
    return min(firsts, key=lambda bridge: bridge.heard_at_s, default=None)


def _spoken_by(heard: Heard, name: str) -> bool:
    return not heard.language and heard.is_(name)
