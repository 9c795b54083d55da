"""A desk whose link is the test: it sees what would be sent and says what the switch says."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from ivr.asterisk import wire_actions as a
from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.client import AmiClient
from ivr.asterisk.errors import (
    AmiError,
)
from ivr.asterisk.wire_events import (
    AgiAnswer,
    AgiAnswered,
    ChannelId,
    ChannelInAgi,
    ChannelListed,
    ChannelName,
    Response,
    WireEvent,
)
from tests.ami.running import until

C = ChannelId("c-1")
DONE = AgiAnswer(200, "0")


class Link:
    """The two things the desk asks of a client, and what it was asked."""

    def __init__(self) -> None:
        self.up = True
        self.sent: list[dict[str, str]] = []
        self.refusal: AmiError | None = None

    async def send(self, action: a.Action, *, deadline_s: float = 5.0) -> Response:
        self.sent.append(dict(action.headers))
        if self.refusal is not None:
            raise self.refusal
        return Response("1", "Added AGI command to queue", None)

    @property
    def commands(self) -> list[str]:
        return [sent["Command"] for sent in self.sent]


class Desk:
    """A desk with the link behind it."""

    def __init__(self, arrival_s: float = 0.2) -> None:
        self.link = Link()
        self.desk = AgiDesk(cast(AmiClient, self.link), arrival_s=arrival_s)

    def hear(self, *events: WireEvent) -> None:
        for event in events:
            self.desk.on_event(event)

    def answer(self, number: int = -1, answer: AgiAnswer = DONE, channel: ChannelId = C) -> None:
        command_id = self.link.sent[number]["CommandID"]
        self.hear(AgiAnswered(channel, command_id, answer))

    def ask(self, command: a.AgiCommand, deadline_s: float = 2) -> asyncio.Task[AgiAnswer]:
        return asyncio.ensure_future(self.desk.run(C, command, deadline_s=deadline_s))

    async def sent(self, count: int) -> None:
        await until(lambda: len(self.link.sent) == count)


def name_of(channel: ChannelId) -> ChannelName:
    return ChannelName(f"PJSIP/{channel}-0000000a")


def arrived(channel: ChannelId = C) -> ChannelInAgi:
    return ChannelInAgi(channel, "caller1", "new", "100", "030", name_of(channel))


def listed(application: str, bridge: str | None = None) -> ChannelListed:
    return ChannelListed(
        C, name_of(C), "fz-hold", "s", application, "agi:async,new,100", bridge, True, 3.0,
        "caller1", "030",
    )  # fmt: skip


async def failing(task: asyncio.Task[AgiAnswer], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await asyncio.wait_for(task, 2)
