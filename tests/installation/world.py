"""The world around the clean machine, in its network: a provider, an agent's telephone, a caller.

A process of its own, for a process has one network: `python -m tests.installation.world FOLDER`.
Each line that it reads is a wish in JSON (`do` and what it needs), each that it prints what came of
it (`ok`, and `why` or a report).
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from ivr.caller import sound
from ivr.caller.agent_phone import AgentPhone
from ivr.caller.phone import SipServer, caller_phone
from ivr.caller.read_script import read_script_file
from ivr.caller.run import Service, make_call
from ivr.caller.script import AgentPlan
from ivr.place.runfile import Account
from tests.asterisk.provider import UDP, Provider, running_provider
from tests.audio.calls import pitch
from tests.switch import ROOT, test_settings

AGENT_HZ, CALLER_HZ = 1130, 700  # as the script says them
_WITHIN_S = 20.0
_ENDS_S = 10.0
# A caller of the provider's own: the address that the customer registered, and in it the number
# that is called.
_BEFORE_IT = f"PJSIP/{UDP}/sip:{UDP}@"
_TO_THE_CUSTOMER = f"""
[fz-callers]
exten => _+X.,1,Set(CALLERID(num)=+4930123456)
 same => n,Set(FZ_AT=${{PJSIP_DIAL_CONTACTS({UDP})}})
 same => n,Dial(PJSIP/from/sip:${{EXTEN}}@${{FZ_AT:{len(_BEFORE_IT)}}},20)
"""


class World:
    """What a wish may ask for; the names of the methods are those of the wishes."""

    def __init__(self, provider: Provider, stack: AsyncExitStack) -> None:
        self._provider = provider
        self._stack = stack
        self._telephone: AgentPhone | None = None

    async def registered(self) -> dict[str, Any]:
        """The customer is known to the provider."""
        await self._provider.registered(UDP)
        return {}

    async def telephone(self, server: str, port: str, user: str, password: str) -> dict[str, Any]:
        """An agent's telephone, with what was typed into it; it picks up after half a second."""
        plan = AgentPlan(line=1, answer_after_s=0.5)
        account = Account(user, password)
        phone = AgentPhone((server, int(port)), account, plan, sound.tone(AGENT_HZ, 30))
        await asyncio.to_thread(phone.start)
        self._stack.push_async_callback(asyncio.to_thread, phone.stop)
        self._telephone = phone
        return {}

    async def dial(self, server: str, port: str, user: str, password: str, code: str) -> Any:
        """The agent dials a code, and is hung up on when its tones are over."""
        async with caller_phone(SipServer(server, int(port), user, password)) as phone:
            await phone.dial(code, _WITHIN_S)
            async with asyncio.timeout(_WITHIN_S):
                await phone.ended.wait()
        return {}

    async def call(self, number: str, script: str, prompts: str) -> dict[str, Any]:
        """Somebody calls over the provider after a script; what both sides heard."""
        caller = self._provider.switch.caller
        where = SipServer(
            self._provider.switch.settings.listen.address,
            self._provider.switch.sip_port,
            caller.username,
            caller.password,
        )
        report = await make_call(
            Service(where, Path(prompts)), number, read_script_file(Path(script))
        )
        assert self._telephone is not None, "no telephone was set up"
        assert await asyncio.to_thread(self._telephone.wait_idle, _ENDS_S)
        heard = [pitch(each.sound()[-sound.RATE :]) for each in self._telephone.calls]
        return {"report": report.as_json(), "agent_heard_hz": heard}


async def main() -> None:
    """Answer wishes until there are no more."""
    folder, address = Path(sys.argv[1]), sys.argv[2]
    ports = test_settings().ports.model_dump() | {"sip": 5060}
    settings = test_settings(listen={"address": address}, ports=ports)
    async with (
        running_provider(folder, settings=settings, more_extensions=_TO_THE_CUSTOMER) as provider,
        AsyncExitStack() as stack,
    ):
        world = World(provider, stack)
        _say({"ok": True})
        while line := await asyncio.to_thread(sys.stdin.readline):
            wish = json.loads(line)
            try:
                _say({"ok": True} | await getattr(world, wish.pop("do"))(**wish))
            except Exception as error:  # told, so that the test can say it
                _say({"ok": False, "why": f"{type(error).__name__}: {error}"})


def _say(answer: dict[str, Any]) -> None:
    assert sys.__stdout__ is not None
    sys.__stdout__.write(json.dumps(answer) + "\n")
    sys.__stdout__.flush()


class Outside:
    """The other end of such a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, do: str, **wish: str) -> dict[str, Any]:
        """Have something done; fails with what went wrong."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **wish}) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("{"), f"the world ended, or said {line}"
        answer: dict[str, Any] = json.loads(line)
        assert answer["ok"], answer
        return answer


@contextmanager
def world(network: Sequence[str], folder: Path, address: str) -> Iterator[Outside]:
    """The world, with a provider at this address of a network, for the block."""
    with subprocess.Popen(
        [*network, sys.executable, "-m", __name__, str(folder), address],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            outside = Outside(process)
            outside.answer()
            yield outside
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_ENDS_S)
            except subprocess.TimeoutExpired:
                process.kill()


if __name__ == "__main__":
    sys.stdout = sys.stderr  # of a log
    asyncio.run(main())
