"""An Asterisk with a `Queue()` for each need of a house, set as the rival's model takes it to be.

It is our Asterisk with our configuration, without a service. A member is a phone, and is a member
of the queue of each skill of its agent. A call to a need's name goes into that queue unanswered, as
`Queue()` allows: the agent's answer is what answers the caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.asterisk.config import Secrets, accounts
from ivr.asterisk.process import SwitchProcess
from ivr.bench.bare_switch import bare_switch
from ivr.bench.ports import free_ports
from ivr.bench.progress import Tell
from ivr.bench.site import BenchFailed
from ivr.runfile import Account
from ivr.settings import Settings
from queues.simulation.house import House
from queues.simulation.rival import AppQueue

HOST: Final = "127.0.0.1"
_CONTEXT: Final = "live-queue"
_RTP: Final = {"rtp_first": 14_000, "rtp_last": 17_999}  # below what the kernel gives to phones
_LOOKS_EVERY_S: Final = 1  # RECHECK in its source
_RING_GRACE_S: Final = 20  # these phones are picked up; no ringing is given up
_REACHABLE_S: Final = 30.0
_LOOK_S: Final = 0.1
# Callers need no password: whoever calls from this machine and is no phone is a caller, and the
# agent's phone is told who by the number.
_CALLERS: Final = f"""
[live-callers](phone)
context = {_CONTEXT}
timers = no
rtp_timeout = 0
identify_by = ip

[live-callers]
type = identify
endpoint = live-callers
match = {HOST}
"""


@dataclass(frozen=True, slots=True)
class QueueSwitch:
    """A running Asterisk, and the phone of each agent of the house, in the house's order."""

    process: SwitchProcess
    port: int
    phones: tuple[Account, ...]
    memberships: int

    async def wait_reachable(self) -> None:
        """Return when every member can be rung; raises `BenchFailed`."""
        try:
            async with asyncio.timeout(_REACHABLE_S):
                while True:
                    said = await self.process.console("queue show")
                    if said.count("(Not in use)") == self.memberships:
                        return
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise BenchFailed(f"not all phones are reachable after {_REACHABLE_S:g} s") from None


def phone_names(house: House) -> tuple[str, ...]:
    """The phone of each agent."""
    return tuple(f"phone{number}" for number in range(len(house.agents)))


def queue_configuration(house: House, app_queue: AppQueue) -> str:
    """Asterisk's `queues.conf`: what the model says of app_queue, and nothing else switched on.

    Raises `BenchFailed` for what Asterisk cannot be set to.
    """
    if app_queue.poll_s != _LOOKS_EVERY_S:
        raise BenchFailed(f"who waits in a Queue() looks every {_LOOKS_EVERY_S} s, and never else")
    settings = {
        "strategy": "leastrecent",
        "timeout": str(round(app_queue.ring_s) + _RING_GRACE_S),
        "retry": str(_LOOKS_EVERY_S),
        "wrapuptime": "0",
        "weight": "0",
        "ringinuse": "no",
        "autopause": "no",
        "joinempty": "yes",
        "leavewhenempty": "no",
        "announce-frequency": "0",
        "announce-holdtime": "no",
        "announce-position": "no",
        "periodic-announce-frequency": "0",
    }
    general = ("persistentmembers = no", "autofill = yes", "shared_lastcall = yes")
    lines = ["[general]", *general]
    for need in house.needs:
        lines += [f"[{need}]", *(f"{name} = {value}" for name, value in settings.items())]
        # Of members who were never called, Asterisk takes the last one of its list, the model the
        # first; whom it takes first shapes all that follows.
        lines += [
            f"member => PJSIP/{phone}"
            for phone, skills in reversed(list(zip(phone_names(house), house.agents, strict=True)))
            if need in skills
        ]
    return "\n".join([*lines, ""])


def dialplan(needs: Sequence[str]) -> str:
    """The context of callers: `R` lets a caller hear it when an agent's phone rings."""
    return "\n".join(
        [f"[{_CONTEXT}]", *(f"exten => {need},1,Queue({need},R)" for need in needs), ""]
    )


@asynccontextmanager
async def queue_switch(
    folder: Path, house: House, app_queue: AppQueue, tell: Tell
) -> AsyncIterator[QueueSwitch]:
    """Such an Asterisk in this folder, ended afterwards. Raises `BenchFailed`."""
    names = phone_names(house)
    settings = _settings(names)
    phones = accounts(names, {name: f"of-{name}" for name in names})
    changed: dict[str, Callable[[str], str]] = {
        "queues.conf": lambda _: queue_configuration(house, app_queue),
        "extensions.conf": lambda text: f"{text}\n{dialplan(house.needs)}",
        "pjsip.conf": lambda text: f"{text}\n{_CALLERS}",
    }
    memberships = sum(len(set(skills) & set(house.needs)) for skills in house.agents)
    secrets = Secrets("of-nobody", phones, ())
    async with bare_switch(folder, settings, secrets, changed, tell) as process:
        yield QueueSwitch(process, settings.ports.sip, phones, memberships)


def _settings(phones: Sequence[str]) -> Settings:
    """What the shipped configuration is rendered from; no line is ever called."""
    values: dict[str, object] = {
        "version": 1,
        "ports": free_ports() | _RTP,
        "lines": [{"number": "100", "name": "none", "language": "de", "dialplan": "de/main.yaml"}],
        "queues": [{"id": "none"}],
        "places": list(phones),
    }
    return Settings(**values)  # type: ignore[arg-type]
