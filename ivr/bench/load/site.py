"""The two houses of the bench: our service, and an Asterisk alone whose dialplan does the same.

In both a caller hears a menu and presses a key in it. Nine in ten wait with music where nobody
serves; one in ten is soon served, so that both houses have as many talks.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.asterisk.config import Secrets
from ivr.asterisk.process import running_pid
from ivr.bench.bare_switch import bare_switch
from ivr.bench.ports import free_ports
from ivr.bench.progress import Tell
from ivr.bench.site import BenchFailed, bench_folder, running_site
from ivr.runfile import Account, RunFile
from ivr.settings import Settings

LINE: Final = "101"
AGENTS: Final = 14
_NAMES: Final = tuple(f"agent{number}" for number in range(1, AGENTS + 1))
_RTP: Final = {"rtp_first": 10_000, "rtp_last": 13_999}
_RIVALS_RTP: Final = {"rtp_first": 14_000, "rtp_last": 17_999}  # below what the kernel gives
_MENU: Final = "load_menu"
_SETTINGS: Final = f"""
version: 1
lines: [{{number: "{LINE}", name: Load, language: de, dialplan: de/load.yaml}}]
queues: [{{id: held}}, {{id: served, wrap_up_s: 0}}]
places: [{", ".join(f"p-{name}" for name in _NAMES)}]
callers: [load]
agents: [{", ".join(f"{{id: {n}, name: {n}, place: p-{n}, queues: [served]}}" for n in _NAMES)}]
asterisk: {{most_calls_each_phone: 400}}
dialplans: dialplans
"""
_PLAN: Final = f"""
language: de
start: main
human: human
defaults: {{wait_s: 10, tries: 3, no_input: load_again, wrong_key: load_again,
           then: bye, refused: bye}}
prompts:
  {_MENU}: Für Fragen zu Ihrer Rechnung und zu Ihrem Vertrag drücken Sie bitte die eins.
  load_again: Noch einmal.
  load_bye: Auf Wiederhören.
nodes:
  main: {{menu: {_MENU}, keys: {{1: human, 2: expert}}}}
  human: {{queue: held}}
  expert: {{queue: served}}
  bye: {{goodbye: load_bye}}
"""
_RIVALS_DIALPLAN: Final = f"""
[fz-callers](+)
exten => {LINE},1,Ringing()
 same => n,Goto(load,s,1)

[load]
exten => s,1,Answer()
 same => n,Background(fz/de/{_MENU})
 same => n,WaitExten(10)
exten => 1,1,Queue(held)
exten => 2,1,Queue(served)
 same => n,Playback(fz/de/load_bye)
 same => n,Hangup()
"""
_RIVALS_QUEUE: Final = """
strategy = leastrecent
timeout = 15
retry = 1
wrapuptime = 0
ringinuse = no
autofill = yes
joinempty = yes
leavewhenempty = no
"""


@dataclass(frozen=True, slots=True)
class House:
    """Where callers and agents register and call, and which processes serve them."""

    sip_port: int
    caller: Account
    phones: tuple[Account, ...]
    asterisk: int  # its process id
    service: int | None  # the same; None where there is none


@dataclass(frozen=True, slots=True)
class OurHouse:
    """Our service, with all that the bench asks of it."""

    house: House
    run: RunFile
    folder: Path


@contextmanager
def our_house() -> Iterator[OurHouse]:
    """The service, with the line of the bench. Raises `BenchFailed`."""
    with bench_folder() as folder:
        plans = folder / "dialplans" / "de"
        plans.mkdir(parents=True)
        (plans / "load.yaml").write_text(_PLAN, encoding="utf-8")
        ports = free_ports() | _RTP
        environment = {f"FREIZEICHEN_PORTS__{name.upper()}": str(n) for name, n in ports.items()}
        with running_site(folder, settings=_SETTINGS, environment=environment) as site:
            pid_file = folder / ".freizeichen" / "asterisk" / "asterisk.pid"
            house = House(
                site.run.sip_port,
                site.run.callers[0],
                tuple(site.run.places),
                int(pid_file.read_text()),
                site.pid,
            )
            yield OurHouse(house, site.run, folder)


@asynccontextmanager
async def rivals_house(ours: OurHouse, tell: Tell) -> AsyncIterator[House]:
    """An Asterisk alone, with the prompts and the music of ours. Raises `BenchFailed`."""
    values: dict[str, object] = {
        "version": 1,
        "ports": free_ports() | _RIVALS_RTP,
        "lines": [{"number": "100", "name": "none", "language": "de", "dialplan": "de/main.yaml"}],
        "queues": [{"id": "none"}],
        "places": [phone.username for phone in ours.house.phones],
        "callers": [ours.house.caller.username],
    }
    settings = Settings(**values)  # type: ignore[arg-type]
    members = "".join(f"member => PJSIP/{phone.username}\n" for phone in ours.house.phones)
    changed: dict[str, Callable[[str], str]] = {
        "extensions.conf": lambda text: f"{text}\n{_RIVALS_DIALPLAN}",
        "queues.conf": lambda text: (
            f"{text}\n[held]{_RIVALS_QUEUE}\n[served]{_RIVALS_QUEUE}{members}"
        ),
    }
    secrets = Secrets("of-nobody", ours.house.phones, (ours.house.caller,))
    run = ours.folder / ".freizeichen"
    with bench_folder() as folder:
        async with bare_switch(
            folder,
            settings,
            secrets,
            changed,
            tell,
            prompts=run / "prompts",
            music=run / "music",
        ) as process:
            pid = running_pid(process.folders, process.account)
            if pid is None:
                raise BenchFailed("the rival's Asterisk has ended")
            yield House(settings.ports.sip, ours.house.caller, ours.house.phones, pid, service=None)


def processor_s(pid: int) -> float:
    """The processor time that a process and its ended children took so far, in seconds."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")
