"""Simulated callers and agents over real SIP: something to see for whoever shows the service.

Runs as a process of its own beside the service (`freizeichen up --demo`), until it is ended.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from pathlib import Path

from ivr.caller.agent_phone import AgentUnavailable
from ivr.caller.agents import team
from ivr.caller.desk import Desk
from ivr.caller.phone import SipServer
from ivr.caller.run import Service, make_call
from ivr.caller.script import AgentPlan, HangUp, Press, Script, Step, Wait, WaitForHangUp
from ivr.caller.sound import Samples, Speech, Tone, samples_of
from ivr.cli.output import complain, say
from ivr.runfile import RunFile, ServiceNotRunning, read_run_file

_MEAN_GAP_S = 6.0
_AT_ONCE = 6
_TALK = Tone(440.0, 12.0)
_PATIENCE_S = 90.0


def story(chance: random.Random) -> Script:
    """One caller's story: what it is about, and its steps."""
    stories: list[tuple[int, str, list[Step]]] = [
        (5, "wants to speak to somebody", [*_press("0", 7), WaitForHangUp(1, _PATIENCE_S)]),
        (2, "asks for the opening hours", [*_press("4", 8), Wait(1, 12)]),
        (2, "asks about an outage", [*_press("3", 8), Wait(1, 12)]),
        (1, "gives up waiting", [*_press("0", 6), Wait(1, 14)]),
        (1, "presses a wrong key first", [*_press("7", 8), *_press("0", 6), Wait(1, 30)]),
    ]
    _, about, steps = chance.choices(stories, [weight for weight, *_ in stories])[0]
    return Script(about=about, steps=(*steps, HangUp(1)))


def _press(keys: str, after_s: float) -> tuple[Step, Step]:
    return Wait(1, after_s), Press(1, keys)


async def run_demo(run: RunFile, chance: random.Random) -> None:
    """Agents at all phones, and callers one after the other, until cancelled."""
    agents = [
        AgentPlan(line=1, agent=place.agent, speak=_TALK, hang_up_after_s=_TALK.for_s)
        for place in run.places
        if place.agent is not None
    ]
    desk = Desk(run.address, Path(run.token_file))
    speech: dict[Speech, Samples] = {_TALK: samples_of(_TALK)}
    async with team((run.sip_host, run.sip_port), desk, agents, run.places, speech):
        say(f"demo: {len(agents)} agents are at their phones")
        lines_free = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await lines_free.acquire()
                calling = tasks.create_task(_one_call(run, chance))
                calling.add_done_callback(lambda _: lines_free.release())
                await asyncio.sleep(chance.expovariate(1 / _MEAN_GAP_S))


async def _one_call(run: RunFile, chance: random.Random) -> None:
    account, line, script = chance.choice(run.callers), chance.choice(run.lines), story(chance)
    say(f"demo: a caller on line {line.number} ({line.name}) {script.about}")
    server = SipServer(run.sip_host, run.sip_port, account.username, account.password)
    await make_call(Service(server), line.number, script)


def main() -> None:
    """`python -m ivr.demo RUN_FOLDER`."""
    try:
        run = read_run_file(Path(sys.argv[1]))
        asyncio.run(_until_ended(run))
    except (ServiceNotRunning, AgentUnavailable) as error:
        complain(f"demo: {error}")
        sys.exit(1)


async def _until_ended(run: RunFile) -> None:
    demo = asyncio.ensure_future(
        run_demo(run, random.Random(1))  # noqa: S311  (stories, not secrets)
    )
    for kind in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(kind, demo.cancel)
    await asyncio.wait({demo})
    if not demo.cancelled() and (error := demo.exception()) is not None:
        raise error


if __name__ == "__main__":
    main()
