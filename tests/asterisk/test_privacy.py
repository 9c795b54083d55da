"""Real Asterisk: whatever a stranger or a caller puts into SIP, no file of Asterisk's holds it."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.ami.running import until
from tests.asterisk.fallback_stage import (
    WITHIN_S,
    console_says,
    fallback_switch,
    kept,
    running_service,
)
from tests.switch import Switch, running_switch, test_settings

NUMBER = "493077709123"
NAME = "SENTINEL"


def packet(port: int, *lines: str, name: bytes = NAME.encode()) -> bytes:
    head = [
        f"INVITE sip:100@127.0.0.1:{port} SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.1:40999;branch=z9hG4bK-1;rport",
        *lines,
        "Call-ID: planted",
        "Content-Length: 0",
        "",
        "",
    ]
    text = "\r\n".join(head).encode()
    return text.replace(b"@NAME@", name)


FROM = f'From: "@NAME@" <sip:{NUMBER}@127.0.0.1>;tag=1'
TO = "To: <sip:100@127.0.0.1>"


async def everything_written(folder: Path, *but: Path) -> str:
    await asyncio.sleep(0.5)  # the log is written by a thread of its own
    files = [path for path in (folder / "asterisk").rglob("*") if path.is_file()]
    ours = [path for path in files if "etc" not in path.parts and path not in but]
    return "\n".join(path.read_bytes().decode(errors="replace") for path in ours)


@pytest.mark.parametrize(
    "lines",
    [
        (FROM, TO),  # no CSeq: unreadable, and nobody has signed in
        (FROM, TO, "CSeq: x INVITE"),
        (FROM, "CSeq: 1 INVITE"),
        (FROM, TO, "CSeq: 1 INVITE", "Contact: <sip:;;;"),
    ],
)
async def test_a_packet_that_cannot_be_read_is_not_written_down(
    folder: Path, lines: tuple[str, ...]
) -> None:
    async with running_switch(folder) as switch:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for name in (NAME.encode(), b"\xfcSENTINEL\xff", b"SENTINEL" * 500):
                data = packet(switch.sip_port, *lines, name=name)
                stranger.sendto(data, ("127.0.0.1", switch.sip_port))
        written = await everything_written(folder)
        assert NAME not in written
        assert NUMBER not in written


async def test_a_callers_odd_name_is_not_written_down(folder: Path) -> None:
    """Over the trunk, which no password guards, as a call from an old telephone system."""
    settings = test_settings(trunk={"host": "127.0.0.1", "port": 40_999})
    whole = (FROM, TO, "CSeq: 1 INVITE", f"Contact: <sip:{NUMBER}@127.0.0.1:40999>")
    async with running_switch(folder, settings=settings) as switch:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk:
            trunk.bind(("127.0.0.1", 0))
            trunk.settimeout(3)
            for name in (b"M\xfcller SENTINEL", b"SENTINEL" * 300, b"SENTINEL \xed\xb3\xbf"):
                data = packet(switch.sip_port, *whole, name=name)
                trunk.sendto(data, ("127.0.0.1", switch.sip_port))
                assert trunk.recv(65_536).startswith(b"SIP/2.0 "), "Asterisk did not take it"
        written = await everything_written(folder)
        assert NAME not in written
        assert NUMBER not in written


async def test_a_number_kept_while_the_service_is_silent_lies_in_one_file_and_goes(
    folder: Path,
) -> None:
    odd = ["4930${SHELL(id)}", "4930|100|1", '4930",1&2', "49 30 770", "anonymous", "4" * 40]
    sent = [NUMBER, f"+{NUMBER}", *odd]
    async with fallback_switch(folder) as switch:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk:
            trunk.bind(("127.0.0.1", 0))
            for place, number in enumerate(sent):
                lines = (
                    f'From: "{NAME}" <sip:{quote(number)}@127.0.0.1>;tag={place}',
                    TO,
                    "CSeq: 1 INVITE",
                    f"Contact: <sip:{NUMBER}@127.0.0.1:40999>",
                )
                data = packet(switch.sip_port, *lines).replace(b"planted", b"kept-%d" % place)
                data = data.replace(b"z9hG4bK-1", b"z9hG4bK-%d" % place)
                trunk.sendto(data, ("127.0.0.1", switch.sip_port))
            await console_says(
                switch, "database show fz-missed", lambda shown: shown.count("/fz-") == len(sent)
            )
            numbers = [row.split("|")[0] for row in await kept(switch)]
            assert sorted(numbers) == sorted([NUMBER, f"+{NUMBER}", *("" for _ in odd)])
            await asyncio.sleep(1.5)  # the database is written each second
            database = folder / "asterisk" / "var" / "astdb.sqlite3"
            assert NUMBER.encode() in database.read_bytes()
            assert NAME.encode() not in database.read_bytes()
            written = await everything_written(folder, database)
            assert NUMBER not in written
            assert NAME not in written
        async with running_service(switch) as service:
            await until(lambda: len(service.missed) == len(sent), within_s=WITHIN_S)
            await console_says(switch, "database show fz-missed", lambda shown: "/fz-" not in shown)
            await asyncio.sleep(1.5)
            assert NUMBER not in await everything_written(folder)


def test_the_log_holds_errors_alone(switch: Switch) -> None:
    logger = (switch.process.folders.etc / "logger.conf").read_text()
    assert "messages = error\n" in logger
