"""Real Asterisk: whatever a stranger or a caller puts into SIP, no file of Asterisk's holds it."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

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


async def everything_written(folder: Path) -> str:
    await asyncio.sleep(0.5)  # the log is written by a thread of its own
    files = [path for path in (folder / "asterisk").rglob("*") if path.is_file()]
    kept = [path for path in files if "etc" not in path.parts]
    return "\n".join(path.read_bytes().decode(errors="replace") for path in kept)


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


def test_the_log_holds_errors_alone(switch: Switch) -> None:
    logger = (switch.process.folders.etc / "logger.conf").read_text()
    assert "messages = error\n" in logger
