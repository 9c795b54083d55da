"""Decides what an agent of a script does at its phone: ring, answer, decline, speak, hang up."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

import numpy as np

from ivr.caller.arrival import Arrivals
from ivr.caller.pyvoip_phone import Phone, PhoneCall
from ivr.caller.pyvoip_rtp import Packet
from ivr.caller.pyvoip_sip import RegistrationFailed
from ivr.caller.script import AgentPlan, Answering
from ivr.caller.sound import CODES, Samples
from ivr.place.runfile import Account

_QUALIFIED_S = 2.0
_SPEAKS_AFTER_S = 0.3  # as a person does; the switch needs a moment to join the two


class AgentUnavailable(Exception):
    """An agent's phone could not be brought to the switch; the message says why."""


@dataclass(slots=True)
class AgentCall:
    """One call at an agent's phone, in monotonic seconds."""

    rang_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    hung_up_here: bool = False
    received: tuple[Packet, ...] = ()

    @property
    def lasted_s(self) -> float:
        """Seconds from the answer to the end; 0 without an answer, endless while it goes on."""
        if self.answered_at is None:
            return 0.0
        return math.inf if self.ended_at is None else self.ended_at - self.answered_at

    def sound(self) -> Samples:
        """What came from the far end since the answer, as one stream at 8 kHz."""
        arrivals, last = Arrivals(), 0.0
        for packet in self.received:
            last = packet.arrived - (self.answered_at or packet.arrived)
            samples = CODES[packet.payload_type].decode(packet.payload)
            arrivals.put(packet.source, packet.stamp, last, samples)
        return arrivals.take(last, ended=True)


class AgentPhone:
    """The phone of one agent. `start` and `stop` block, by deadlines; call them in a thread."""

    def __init__(
        self, server: tuple[str, int], account: Account, plan: AgentPlan, speech: Samples | None
    ) -> None:
        self.account = account
        self.plan = plan
        self.calls: list[AgentCall] = []
        self._speech = speech if speech is not None else np.zeros(0, np.float32)
        self._leaving = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._phone = Phone(server, account.username, account.password, "127.0.0.1", self._ring)

    @property
    def name(self) -> str:
        """The agent's id; without one the account's name."""
        return self.account.agent or self.account.username

    def start(self) -> None:
        """Register, and wait until the switch has asked whether the phone is there.

        A switch that qualifies its phones offers no call before; one that does not never asks, so
        the wait is short. Raises `AgentUnavailable`.
        """
        try:
            self._phone.start()
        except (RegistrationFailed, OSError) as error:
            raise AgentUnavailable(f"agent {self.name}: {error}") from None
        self._phone.line.asked_for_options.wait(_QUALIFIED_S)

    def stop(self) -> None:
        """End what goes on, unregister, give the ports back."""
        self._leaving.set()
        self._phone.stop()
        self._idle.wait(2.0)

    def wait_idle(self, within_s: float) -> bool:
        """Wait until no call is at the phone; whether that came true."""
        return self._idle.wait(within_s)

    def _ring(self, call: PhoneCall) -> None:
        record = AgentCall(rang_at=time.monotonic())
        self._idle.clear()
        self.calls.append(record)
        try:
            self._attend(call, record)
        except OSError:
            record.answered_at = None
            call.deny()
        finally:
            while not call.over.wait(1.0) and not self._leaving.is_set():
                pass  # the talk lasts until someone ends it, or the phone is taken away
            record.ended_at = time.monotonic()
            record.hung_up_here = call.hung_up_here
            if call.rtp is not None and record.answered_at is not None:
                record.received = tuple(call.rtp.received)
            self._idle.set()

    def _attend(self, call: PhoneCall, record: AgentCall) -> None:
        if self.plan.answering is Answering.NEVER:
            return
        if call.over.wait(self.plan.answer_after_s):
            return
        if self.plan.answering is Answering.DECLINES:
            call.deny()
            return
        record.answered_at = time.monotonic()
        call.answer()
        began = record.answered_at
        if call.over.wait(_SPEAKS_AFTER_S) or call.rtp is None:
            return
        call.rtp.say(self._speech)
        if self.plan.hang_up_after_s is None:
            return
        if not call.over.wait(max(0.0, began + self.plan.hang_up_after_s - time.monotonic())):
            call.hangup()
