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
    "deleting in the database": {"Action": "DBDel", "Family": "fz-missed", "Key": "k"},
    "clearing the database": {"Action": "DBDelTree", "Family": "fz-missed"},
    "starting a recording": {"Action": "MixMonitor", "Channel": "none", "File": "planted"},
    "changing its own filter": {"Action": "Filter", "Operation": "Add", "Filter": "Event: .*"},
    "sending a SIP message": {"Action": "MessageSend", "To": "pjsip:desk1", "From": "x"},
    "a user event": {"Action": "UserEvent", "UserEvent": "planted"},
}
# Everything that is loaded; what could start programs, record, serve the web or write call records
# is not among it.
MODULES = """
app_audiosocket app_channelredirect app_dial app_echo app_exec app_playback app_playtones app_queue
bridge_builtin_features bridge_native_rtp bridge_simple chan_pjsip codec_a_mu codec_alaw codec_g722
codec_resample codec_ulaw format_pcm format_wav func_callerid func_channel func_db func_global
func_groupcount func_logic func_strings func_timeout pbx_config res_agi res_audiosocket res_crypto
res_manager_devicestate res_musiconhold res_pjproject res_pjsip res_pjsip_acl
res_pjsip_authenticator_digest res_pjsip_caller_id res_pjsip_dlg_options res_pjsip_dtmf_info
res_pjsip_empty_info res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user
res_pjsip_nat res_pjsip_outbound_authenticator_digest res_pjsip_pubsub res_pjsip_registrar
res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_session res_rtp_asterisk res_sorcery_astdb
res_sorcery_config res_sorcery_memory res_speech res_timing_timerfd
"""
SHELLS = (
    "Exec",
    "TryExec",
    "ExecIf",
    "System",
    "TrySystem",
    "MixMonitor",
    "ExternalIVR",
    "EAGI",
    "AGI",
    "Exec",
    "TryExec",
    "Originate",
)


@pytest.mark.parametrize("action", REFUSED.values(), ids=REFUSED.keys())
def test_an_action_we_do_not_need_is_refused(switch: Switch, action: dict[str, str]) -> None:
    with AmiSession(switch.ami_port, switch.secrets.ami) as session:
        answer = session.ask(action)
    assert answer["Response"] == "Error"
    assert "denied" in answer["Message"] or "Invalid/unknown command" in answer["Message"], answer


def dial_into(switch: Switch, application: str) -> dict[str, str]:
    """What Asterisk answers to a dial whose leg shall run this application."""
    with AmiSession(switch.ami_port, switch.secrets.ami) as session:
        return session.ask(
            {
                "Action": "Originate",
                "Channel": "Local/wait@fz-agent",
                "Application": application,
                "Data": "touch /tmp/freizeichen-planted",
                "Timeout": "100",
                "Async": "true",
            }
        )


@pytest.mark.parametrize("application", SHELLS)
def test_no_dial_can_start_a_program(switch: Switch, application: str) -> None:
    assert dial_into(switch, application)["Response"] == "Error"


def test_a_dial_into_an_application_that_starts_nothing_is_taken(switch: Switch) -> None:
    """The counterpart of the test above: its dials fail for their application, not their form."""
    assert dial_into(switch, "Wait")["Response"] == "Success"


async def test_just_the_modules_that_calls_need_are_loaded(switch: Switch) -> None:
    shown = await switch.console("module show")
    loaded = [line.split()[0] for line in shown.splitlines() if ".so" in line.split(" ")[0]]
    assert sorted(loaded) == sorted(f"{name}.so" for name in MODULES.split())
    assert "Not Running" not in shown


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
