"""An agent's phone as a process of its own, which can be killed: no goodbye, no sound any more."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ivr.caller import sound
from ivr.caller.agent_phone import AgentPhone
from ivr.caller.script import AgentPlan
from ivr.place.runfile import Account
from tests.journeys.service import Service
from tests.switch import ROOT

_HZ = 700
_STARTS_WITHIN_S = 10.0


@contextmanager
def phone_process(
    service: Service, place: str, *, answers_after_s: float
) -> Iterator[subprocess.Popen[str]]:
    """A registered phone of this place, which hums once it has picked up."""
    account = next(each for each in service.run.places if each.username == place)
    words = (service.run.sip_host, str(service.run.sip_port), place, str(answers_after_s))
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{account.password}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "registered\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=_STARTS_WITHIN_S)


def vanish(process: subprocess.Popen[str]) -> float:
    """Kill the phone, see it gone, and give when, in monotonic seconds."""
    process.send_signal(signal.SIGKILL)
    assert process.wait(_STARTS_WITHIN_S) == -signal.SIGKILL
    return time.monotonic()


def main() -> None:
    host, port, place, answers_after_s = sys.argv[1:]
    account = Account(place, sys.stdin.readline().strip())
    plan = AgentPlan(line=1, answer_after_s=float(answers_after_s))
    phone = AgentPhone((host, int(port)), account, plan, sound.tone(_HZ, 60))
    phone.start()
    sys.stdout.write("registered\n")
    sys.stdout.flush()
    time.sleep(300)


if __name__ == "__main__":
    main()
