"""Faults planted one by one in Asterisk's own files, and in the Asterisk that runs: each is found,
by its code, and nothing else is called wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.asterisk.config import dialplan_name
from ivr.doctor.examination import CODES
from ivr.doctor.finding import Finding, State
from tests.doctor.house import CHANGED, House, bad
from tests.switch import free_ports

FAULT, WARNING = State.FAULT, State.WARNING
_STRANGER = "\n[anonymous]\ntype = endpoint\ncontext = fz-lines\n"
_OPEN_PHONE = "\n[open]\ntype = endpoint\ncontext = fz-lines\n"
_REGISTERED = "\n[registered]\ntype = endpoint\ncontext = fz-trunk\nidentify_by = ip\n"
_WEB = "[general]\nenabled = yes\nbindaddr = {}\nbindport = {}\n"

# What is wrong, by its code: the file, and what is replaced by what in it (nothing: added).
IN_FILES: dict[str, tuple[str, str, str, str]] = {
    "a file that includes one that is not there": (
        "asterisk.files",
        "rtp.conf",
        "",
        "#include gone.conf\n",
    ),
    "live_dangerously": (
        "asterisk.live_dangerously",
        "asterisk.conf",
        "live_dangerously = no",
        "live_dangerously = yes",
    ),
    "AMI rights to run commands": (
        "ami.rights",
        "manager.conf",
        "write = call,",
        "write = system,command,call,",
    ),
    "all AMI rights": ("ami.rights", "manager.conf", "read = system", "read = all,system"),
    "an AMI right that calls need is missing": ("ami.rights", "manager.conf", ",agi,dtmf", ""),
    "a short AMI secret": ("ami.secret", "manager.conf", "secret = ", "secret = x\n;"),
    "AMI for the whole network": (
        "ami.address",
        "manager.conf",
        "bindaddr = 127.0.0.1",
        "bindaddr = 0.0.0.0",
    ),
    "AMI over HTTP": ("ami.address", "manager.conf", "webenabled = no", "webenabled = yes"),
    "another AMI user with all rights": (
        "ami.others",
        "manager.conf",
        "",
        "\n[old-panel]\nsecret = 1234\nwrite = all\n",
    ),
    "Asterisk's web server": ("asterisk.http", "http.conf", "", _WEB.format("127.0.0.1", 8088)),
    "a phone without a password": ("sip.passwords", "pjsip.conf", "", _OPEN_PHONE),
    "a phone whose password is its name": (
        "sip.passwords",
        "pjsip.conf",
        "username = desk1\n",
        "username = desk1\npassword = desk1\n;",
    ),
    "no limit for requests of one source": (
        "sip.limits",
        "pjsip.conf",
        "unidentified_request_count = 5",
        "unidentified_request_count = 0",
    ),
    "no limit for all calls": ("calls.limit", "asterisk.conf", "maxcalls = ", "maxcalls = 0 ;"),
    "phones that do not reach 112": (
        "emergency.way",
        "extensions.conf",
        "[fz-emergency]\nexten => 110",
        "[fz-emergency]\nexten => 999",
    ),
    "112 sent to a provider that is not there": (
        "emergency.way",
        "extensions.conf",
        "Dial(PJSIP/trunk/",
        "Dial(PJSIP/old-trunk/",
    ),
    "another's number shown to callees": (
        "shown_number",
        "extensions.conf",
        "Set(CALLERID(num)=+4930123456)",
        "Set(CALLERID(num)=+4989999999)",
    ),
    "a provider that does not know us": (
        "trunk.registered",
        "pjsip.conf",
        "",
        "\n[second]\ntype = registration\nserver_uri = sip:192.0.2.9\n",
    ),
}


@pytest.mark.parametrize(("code", "file", "old", "new"), IN_FILES.values(), ids=IN_FILES.keys())
def test_a_fault_in_a_file_is_found_by_its_code_and_nothing_else_is(
    house: House, tmp_path: Path, code: str, file: str, old: str, new: str
) -> None:
    etc = house.etc_copy(tmp_path)
    path = etc / file
    text = path.read_text() if path.exists() else ""
    assert old in text
    path.write_text(text.replace(old, new) if old else text + new)

    findings = house.look(theirs=etc)

    found = bad(findings, beside=CHANGED)
    found.pop("shown_number" if code == "emergency.way" else "", None)  # what follows from it
    assert found == {code: FAULT}
    assert all(each.do for each in findings if each.state is FAULT)


def test_sound_for_fewer_calls_than_are_taken_is_found(house: House, tmp_path: Path) -> None:
    etc = house.etc_copy(tmp_path)
    (etc / "rtp.conf").write_text("[general]\nrtpstart = 21000\nrtpend = 21399\nstrictrtp = yes\n")
    findings = house.look(theirs=etc)
    assert bad(findings, beside=CHANGED) == {"calls.limit": WARNING}
    (found,) = [each for each in findings if each.code == "calls.limit"]
    assert "set rtpend = 22699 in rtp.conf" in found.do


def test_a_range_of_sound_that_is_no_number_is_told_and_ends_no_other_look(
    house: House, tmp_path: Path
) -> None:
    etc = house.etc_copy(tmp_path)
    (etc / "rtp.conf").write_text("[general]\nrtpstart = many\nrtpend = 21399\n")
    findings = house.look(theirs=etc)
    unseen = {each.code: each for each in findings if each.state is State.UNSEEN}
    assert {"calls.limit", "ports.listening"} <= unseen.keys()
    assert "rtpstart" in unseen["calls.limit"].found
    assert {each.code for each in findings} == set(CODES)


@contextmanager
def loaded(house: House, module: str, *, unload: bool = False) -> Iterator[None]:
    """A module that is there, or is not, for a while."""
    now, then = ("unload", "load") if unload else ("load", "unload")
    house.console(f"module {now} {module}")
    try:
        yield
    finally:
        house.console(f"module {then} {module}")


def test_a_module_that_is_missing_in_the_running_asterisk_is_found(house: House) -> None:
    with loaded(house, "app_playtones.so", unload=True):
        assert bad(house.look()) == {"asterisk.modules": FAULT}


def test_a_module_that_runs_programs_is_found(house: House) -> None:
    with loaded(house, "app_system.so"):
        assert bad(house.look()) == {"asterisk.dangerous_modules": FAULT}


def test_an_endpoint_for_strangers_is_found_once_its_module_is_there(
    house: House, tmp_path: Path
) -> None:
    etc = house.etc_copy(tmp_path)
    with (etc / "pjsip.conf").open("a") as file:
        file.write(_STRANGER)
    assert bad(house.look(theirs=etc), beside=CHANGED) == {}
    with loaded(house, "res_pjsip_endpoint_identifier_anonymous.so"):
        assert bad(house.look(theirs=etc), beside=CHANGED) == {"sip.anonymous": FAULT}


def test_a_trunk_known_by_its_registration_alone_is_no_open_door(
    house: House, tmp_path: Path
) -> None:
    etc = house.etc_copy(tmp_path)
    with (etc / "pjsip.conf").open("a") as file:
        file.write(_REGISTERED)
    assert bad(house.look(theirs=etc), beside=CHANGED) == {}


def test_a_rest_interface_that_lets_somebody_in_is_found(house: House, tmp_path: Path) -> None:
    etc = house.etc_copy(tmp_path)
    (etc / "ari.conf").write_text("[general]\nenabled = yes\n[panel]\ntype = user\npassword = x\n")
    with (etc / "modules.conf").open("a") as file:
        file.write("load = res_ari.so\n")
    text = (etc / "asterisk.conf").read_text()  # as it would be at the next start
    (etc / "asterisk.conf").write_text(text.replace("astrundir => ", "astrundir => /nowhere"))
    assert bad(house.look(theirs=etc), beside=CHANGED) == {"asterisk.ari": FAULT}


def test_a_port_that_is_open_to_the_network_is_found(house: House) -> None:
    (port,) = free_ports(1)
    path = house.etc / "http.conf"
    path.write_text(_WEB.format("0.0.0.0", port))  # noqa: S104  (this is the fault)
    try:
        house.console("module reload http")
        findings = house.look()
    finally:
        path.write_text("[general]\nenabled = no\n")
        house.console("module reload http")
        path.unlink()
    assert bad(findings) == {"asterisk.http": FAULT, "ports.listening": FAULT}
    assert any(f"tcp 0.0.0.0:{port}" in each.found for each in findings)
    assert bad(house.look()) == {}


def test_a_dialplan_of_before_in_its_files_is_found(house: House, tmp_path: Path) -> None:
    etc = house.etc_copy(tmp_path)
    path = etc / "extensions.conf"
    path.write_text(path.read_text().replace("Playtones(congestion)", "Playtones(busy)"))
    findings = house.look(theirs=etc)
    assert bad(findings) == {CHANGED: WARNING}
    (told,) = [each for each in findings if each.code == CHANGED]
    assert "extensions.conf: not what today's settings" in told.found


def test_a_dialplan_of_before_in_the_running_asterisk_is_found(house: House) -> None:
    path = house.etc / "extensions.conf"
    text = path.read_text()
    name = dialplan_name(house.etc)
    assert name is not None
    path.write_text(text.replace(name, "0123456789abcdef"))
    try:
        house.console("dialplan reload")
    finally:
        path.write_text(text)
    findings = house.look()
    house.console("dialplan reload")
    assert bad(findings) == {CHANGED: WARNING}
    (told,) = [each for each in findings if each.code == CHANGED]
    assert "Asterisk runs with another dialplan" in told.found
    assert bad(house.look()) == {}


def called_under(house: House, old: str, new: str) -> list[Finding]:
    """What is found, with a call, while the dialplan is another in this."""
    path = house.etc / "extensions.conf"
    text = path.read_text()
    path.write_text(text.replace(old, new))
    try:
        house.console("dialplan reload")
        return house.look(calls=True)
    finally:
        path.write_text(text)
        house.console("dialplan reload")


def test_a_call_whose_sound_does_not_come_back_is_found(house: House) -> None:
    findings = called_under(house, "n,Echo()", "n,Wait(5)")
    assert bad(findings, beside=CHANGED) == {"echo": FAULT}
    assert any("no sound came" in each.found for each in findings if each.code == "echo")


def test_a_call_that_is_not_answered_is_found(house: House) -> None:
    findings = called_under(house, "exten => echo,1,Answer()", "exten => gone,1,Answer()")
    assert bad(findings, beside=CHANGED) == {"echo": FAULT}
