"""A switch with a dialplan of its own for the caller's tests, a desk that notes who is ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.caller.desk import Desk
from ivr.caller.phone import SipServer
from ivr.caller.run import Service
from ivr.caller.sound import Words, spoken
from ivr.speech.sound import wav_bytes
from tests.folders import open_folder
from tests.programs import real_espeak
from tests.switch import Switch, running_switch

PROMPTS = {
    "ko/welcome": "안녕하세요",
    "ko/main_menu": "상담원 연결은 영번을 눌러 주세요. 요금은 일번을 눌러 주세요",
    "ko/connecting": "상담원에게 연결합니다",
    "ko/anything_else": "더 필요하신 것이 있으십니까",
    "en/welcome": "Hello and welcome.",
    "en/goodbye": "Hello and goodbye.",
}
DIALPLAN = """
[fz-callers](+)
exten => 701,1,Answer()
 same => n,Playback({prompts}/ko/welcome)
 same => n,Goto(test-menu,s,1)
exten => 702,1,Answer()
 same => n,Playback({prompts}/en/welcome)
 same => n,Hangup()
exten => 703,1,Busy(3)
exten => 704,1,Ringing()
 same => n,Wait(30)
exten => 705,1,Answer()
 same => n,Dial(PJSIP/desk1&PJSIP/desk2,2)
 same => n,Hangup()
exten => 706,1,Answer()
 same => n,Wait(20)

[test-menu]
exten => s,1,Background({prompts}/ko/main_menu)
 same => n,WaitExten(5)
exten => 0#,1,Playback({prompts}/ko/connecting)
 same => n,Dial(PJSIP/desk1,20,gm(default))
 same => n,Playback({prompts}/ko/anything_else)
 same => n,Hangup()
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def line() -> AsyncIterator[Switch]:
    """One Asterisk for all tests of the caller, with numbers 701 to 706."""
    real_espeak()
    with open_folder() as folder:
        prompts = folder / "prompts"
        for name, text in PROMPTS.items():
            path = prompts / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wav_bytes(spoken(Words(text, name[:2], speed=190)).astype("f8")))
        extensions = DIALPLAN.replace("{prompts}", str(prompts))
        async with running_switch(
            folder,
            prompts=prompts,
            extra_extensions=extensions,
            extra_modules="load = app_playback.so",
        ) as running:
            yield running


@pytest.fixture
def service(line: Switch) -> Service:
    """The switch as the caller sees it, without an API."""
    account = line.caller
    return Service(
        server=SipServer("127.0.0.1", line.sip_port, account.username, account.password),
        prompts=line.prompts,
        places=tuple(
            type(place)(place.username, place.password, f"agent-{place.username}")
            for place in line.secrets.places
        ),
    )


@dataclass(slots=True)
class NotingDesk:
    """An HTTP server that takes everything and notes each POST; `refuse` first answers 409 once."""

    token_file: Path
    paths: list[str] = field(default_factory=list)
    refuse: int = 1
    port: int = 0

    @property
    def desk(self) -> Desk:
        return Desk(f"http://127.0.0.1:{self.port}", self.token_file)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        told = "authorization: bearer the-token" in head.lower()
        if self.refuse:
            self.refuse -= 1
            status = "409 Conflict"
        else:
            if head.startswith("POST"):
                self.paths.append(head.split(" ")[1])
            status = "200 OK" if told else "401 Unauthorized"
        writer.write(
            f"HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def noting_desk(tmp_path: Path) -> AsyncIterator[NotingDesk]:
    """A desk that listens while the test runs."""
    token = tmp_path / "token"
    token.write_text("the-token\n")
    noting = NotingDesk(token)
    server = await asyncio.start_server(noting.answer, "127.0.0.1", 0)
    noting.port = server.sockets[0].getsockname()[1]
    async with server:
        yield noting
