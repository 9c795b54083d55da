"""A driver whose callers, plan and queue are in a test's hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ivr.dialogues.dialogue import Surroundings
from ivr.dialogues.driver import Driver
from ivr.dialplan import Plan, load_plan
from ivr.dialplan.staff import UNKNOWN_STAFF, Staff
from ivr.flow.session import Session
from ivr.telling.last_agents import Preferred
from queues.cards import By
from queues.centre.inputs.input import Input
from queues.ids import CallId, LineId, QueueId
from tests.unit.ivr.fakes import FakeCalls

PLAN = """
language: en
start: welcome
human: human
defaults: {wait_s: 5, tries: 2, no_input: hint, wrong_key: hint, otherwise: human}
prompts: {welcome: Hello., menu: Choose., hint: Try again., connecting: One moment., bye: Goodbye.}
nodes:
  welcome: {say: welcome, goto: main}
  main: {menu: menu, keys: {"1": bye}}
  human: {queue: service, say: connecting, then: bye, refused: bye}
  bye: {goodbye: bye}
"""
LISTENING = (
    PLAN.replace(
        "hint, otherwise: human}",
        "hint, otherwise: human, not_understood: hint, keys_only: deaf}\n"
        "human_words: [human]\nlistening_notice: welcome",
    )
    .replace('keys: {"1": bye}', 'keys: {"1": bye}, words: {bye: [goodbye]}')
    .replace("hint: Try again.", "hint: Try again., deaf: Use keys.")
)
CALL, LINE = CallId("call-1"), LineId("100")
WITHIN_S = 30.0  # a busy machine tells of each fault slowly


@dataclass(slots=True)
class Stage:
    driver: Driver
    calls: FakeCalls
    kept: dict[CallId, Session]
    inputs: list[Input] = field(default_factory=list)
    forgotten: list[CallId] = field(default_factory=list)
    not_heard: list[CallId] = field(default_factory=list)
    plans: dict[LineId, Plan] = field(default_factory=dict)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not true():  # noqa: ASYNC110  (any condition, not one event)
                await asyncio.sleep(0.005)

    def played(self) -> list[str]:
        return [sound.removeprefix("en/") for did, sound in self.calls.did if did == "play"]

    def card(self) -> list[tuple[str, By, str, str]]:
        """The answers of the call, each of which has a time."""
        entries = self.driver.card(CALL) or ()
        assert all(entry.at is not None for entry in entries)
        return [(entry.node, entry.by, entry.said, entry.led_to) for entry in entries]

    def press(self, key: str) -> None:
        self.driver.key_pressed(CALL, key)


def plan_of(text: str) -> Plan:
    return load_plan(text, file="t.yaml", queues=["service", "gone"])


@asynccontextmanager
async def stage(
    *,
    prompt_s: float = 0.02,
    text: str = PLAN,
    listening: bool = True,
    earlier: Mapping[str, Plan] | None = None,
    staff: Staff = UNKNOWN_STAFF,
    preferred: Callable[[CallId, QueueId], Preferred | None] = lambda _call, _queue: None,
) -> AsyncIterator[Stage]:
    plans = {LINE: plan_of(text)}
    calls = FakeCalls(prompt_s=prompt_s)
    inputs: list[Input] = []
    loop = asyncio.get_running_loop()
    kept: dict[CallId, Session] = {}

    def keep(session: Session, used: Plan) -> None:
        assert session.plan == used.hash
        kept[session.call] = session

    not_heard: list[CallId] = []
    around = Surroundings(
        calls,
        inputs.append,
        loop.time,
        lambda _: listening,
        keep,
        lambda call, _: not_heard.append(call),
        staff,
        preferred=preferred,
    )
    forgotten: list[CallId] = []

    def forget(call: CallId) -> None:
        kept.pop(call, None)
        forgotten.append(call)

    driver = Driver(plans, around, QueueId("service"), forget, earlier)
    running = asyncio.create_task(driver.run())
    try:
        yield Stage(driver, calls, kept, inputs, forgotten, not_heard, plans)
    finally:
        running.cancel()
        await asyncio.wait({running})
