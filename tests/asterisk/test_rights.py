"""Real Asterisk: the service's AMI user can do what calls need and is refused everything else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.asterisk.ami_session import AmiSession
from tests.switch import Switch

REFUSED = {
    "a console command": {"Action": "Command", "Command": "core show version"},
    "reading configuration": {"Action": "GetConfig", "Filename": "manager.conf"},
    "writing configuration": {"Action": "UpdateConfig", "SrcFilename": "a", "DstFilename": "b"},
    "making a file": {"Action": "CreateConfig", "Filename": "planted.conf"},
    "loading a module": {"Action": "ModuleLoad", "Module": "app_system.so", "LoadType": "load"},
    "reloading": {"Action": "Reload"},
    "writing the database": {"Action": "DBPut", "Family": "f", "Key": "k", "Val": "v"},
    "starting a recording": {"Action": "MixMonitor", "Channel": "none", "File": "planted"},
    "changing its own filter": {"Action": "Filter", "Operation": "Add", "Filter": "Event: .*"},
    "sending a SIP message": {"Action": "MessageSend", "To": "pjsip:desk1", "From": "x"},
    "a user event": {"Action": "UserEvent", "UserEvent": "planted"},
}
SHELLS = ("System", "TrySystem", "MixMonitor", "ExternalIVR", "EAGI", "AGI", "Originate")


@pytest.mark.parametrize("action", REFUSED.values(), ids=REFUSED.keys())
def test_an_action_we_do_not_need_is_refused(switch: Switch, action: dict[str, str]) -> None:
    with AmiSession(switch.ami_port, switch.secrets.ami) as session:
        answer = session.ask(action)
    assert answer["Response"] == "Error"
    assert "denied" in answer["Message"] or "Invalid/unknown command" in answer["Message"], answer


@pytest.mark.parametrize("application", SHELLS)
def test_no_dial_can_start_a_program(switch: Switch, application: str) -> None:
    with AmiSession(switch.ami_port, switch.secrets.ami) as session:
        answer = session.ask(
            {
                "Action": "Originate",
                "Channel": "Local/wait@fz-agent",
                "Application": application,
                "Data": "touch /tmp/freizeichen-planted",
                "Async": "true",
            }
        )
    assert answer["Response"] == "Error", answer


async def test_modules_that_could_start_programs_or_serve_the_web_are_not_there(
    switch: Switch,
) -> None:
    loaded = await switch.console("module show")
    for name in ("app_system", "func_shell", "func_env", "app_externalivr", "app_mixmonitor"):
        assert name not in loaded
    for name in ("res_ari", "res_http", "cdr_", "cel_", "endpoint_identifier_anonymous"):
        assert name not in loaded
    assert "chan_pjsip.so" in loaded
    assert "Not Running" not in loaded


async def test_the_log_is_empty_after_a_start(switch: Switch) -> None:
    text = (switch.process.folders.log / "messages").read_text()
    complaints = [line for line in text.splitlines() if "WARNING" in line or "ERROR" in line]
    assert complaints == []


def test_asterisk_serves_on_loopback_alone(switch: Switch) -> None:
    """One UDP socket is let pass: PJSIP's DNS client asks from any address and serves nothing."""
    pid = switch.process.pid
    inodes = _socket_inodes(pid)
    tcp = [row for row in _sockets(pid, "tcp") if row[2] in inodes and row[1] == "0A"]
    udp = [row for row in _sockets(pid, "udp") if row[2] in inodes]
    assert {address for address, _, _ in tcp} == {f"0100007F:{switch.ami_port:04X}"}
    assert f"0100007F:{switch.sip_port:04X}" in {address for address, _, _ in udp}
    assert len([address for address, _, _ in udp if address.startswith("00000000")]) <= 1


def test_a_wrong_password_is_refused(switch: Switch) -> None:
    with AmiSession(switch.ami_port, "wrong") as session:
        assert session.login["Response"] == "Error"


def _sockets(pid: int | None, kind: str) -> list[tuple[str, str, str]]:
    """Local address, state and inode of each socket."""
    rows = Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]
    return [(words[1], words[3], words[9]) for words in (row.split() for row in rows)]


def _socket_inodes(pid: int | None) -> set[str]:
    listed = subprocess.run(
        ["ls", "-l", f"/proc/{pid}/fd"], capture_output=True, text=True, check=True
    )
    return {
        word.removeprefix("socket:[").removesuffix("]")
        for word in listed.stdout.split()
        if word.startswith("socket:[")
    }
