"""An Asterisk of somebody else's: its own phones, dialplan, queue and control port, and all its
modules loaded as a distribution loads them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ivr.asterisk.account import ordinary_account
from ivr.asterisk.folders import make_folders
from ivr.asterisk.process import SwitchProcess
from ivr.caller.phone import SipServer
from tests.programs import real_asterisk
from tests.switch import ROOT, write_tone

_FILES = {
    "asterisk.conf": """
[directories]
astetcdir => {etc}
astmoddir => {modules}
astvarlibdir => {base}/var
astdbdir => {base}/var
astkeydir => {base}/var
astdatadir => {base}/data
astagidir => {base}/var
astspooldir => {base}/spool
astrundir => {run}
astlogdir => {base}/log

[options]
maxcalls = 900
""",
    "modules.conf": """
[modules]
autoload = yes
noload = res_pjsip_endpoint_identifier_anonymous.so
noload = chan_iax2.so
""",
    "logger.conf": "[general]\n[logfiles]\nmessages = error\n",
    "pjsip.conf": """
[global]
type = global
user_agent = the office

[transport-udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}

[office1]
type = endpoint
transport = transport-udp
context = from-office
disallow = all
allow = ulaw
auth = office1
aors = office1

[office1]
type = auth
username = office1
password = a-word-of-the-office

[office1]
type = aor
max_contacts = 1

[provider]
type = endpoint
transport = transport-udp
context = from-provider
disallow = all
allow = alaw
aors = provider
identify_by = ip
from_user = +4930123456

[provider]
type = aor
contact = sip:127.0.0.1:9

[provider]
type = identify
endpoint = provider
match = 127.0.0.77
""",
    "extensions.conf": """
[general]
static = yes
[globals]
OFFICE = open

[from-office]
exten => 500,1,Answer()
 same => n,Wait(2)
 same => n,Hangup()

[way-out]
exten => _1X.,1,Dial(PJSIP/${{EXTEN}}@provider)
""",
    "manager.conf": """
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {ami}

[panel]
secret = a-word-of-the-panel
read = all
write = all
""",
    "queues.conf": "[general]\npersistentmembers = yes\n[sales]\nstrategy = ringall\n",
    "musiconhold.conf": "[default]\nmode = files\ndirectory = {music}\n",
    "rtp.conf": "[general]\nrtpstart = 18000\nrtpend = 18199\n",
}


@dataclass(frozen=True, slots=True)
class AnotherHouse:
    """The folders of that Asterisk, and how it is reached."""

    etc: Path
    data: Path
    sip_port: int
    process: SwitchProcess

    @property
    def office_phone(self) -> SipServer:
        return SipServer("127.0.0.1", self.sip_port, "office1", "a-word-of-the-office")

    def own_files(self) -> dict[str, bytes]:
        """Every file that is its own, as it is now."""
        return {path.name: path.read_bytes() for path in self.etc.iterdir() if path.is_file()}

    def add(self, file: str, line: str) -> None:
        """What its admin does by hand."""
        with (self.etc / file).open("a") as opened:
            opened.write(f"{line}\n")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Started for a while."""
        self.process.start()
        try:
            await self.process.wait_booted()
            yield
        finally:
            await asyncio.shield(self.process.stop())


def another_house(folder: Path, *, sip: int, ami: int) -> AnotherHouse:
    """Its files, with the account that runs it allowed to read them; nothing runs yet."""
    asterisk, account = real_asterisk(), ordinary_account(ROOT)
    folders, _ = make_folders(folder, account, asterisk)
    music = folder / "music"
    music.mkdir()
    write_tone(music / "music.wav", 330)
    for name, text in _FILES.items():
        path = folders.etc / name
        path.write_text(
            text.format(
                etc=folders.etc,
                modules=asterisk.modules,
                base=folders.base,
                run=folders.run,
                sip=sip,
                ami=ami,
                music=music,
            )
        )
        path.chmod(0o644 if name not in ("manager.conf", "pjsip.conf") else 0o640)
        if account.readers is not None:
            os.chown(path, -1, account.readers)
    process = SwitchProcess(asterisk, folders, account)
    return AnotherHouse(folders.etc, folders.base / "data", sip, process)
