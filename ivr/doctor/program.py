"""Asterisk itself: which one, under which account, with which files, and what it lets."""

from __future__ import annotations

import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

from ivr.asterisk.config_reader import ConfigUnreadable, files_of
from ivr.asterisk.install import OLDEST, dotted, parse_version, version_of
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, warning
from ivr.doctor.house import House

FILES = (
    "asterisk.conf",
    "ari.conf",
    "extensions.conf",
    "http.conf",
    "manager.conf",
    "modules.conf",
    "pjsip.conf",
    "rtp.conf",
)
_NEWER = (
    f"install Asterisk {dotted(OLDEST)} or later (advisories are fixed in it), or take "
    "asterisk.binary out of the settings and run 'freizeichen asterisk install'"
)


def look_at_version(house: House) -> Iterator[Finding]:
    """The Asterisk that runs, or that a start would run, is new enough."""
    code = "asterisk.version"
    if house.running is not None:
        found = parse_version(house.console("core show version"))
        who = f"Asterisk that runs (process {house.running.pid})"
    elif house.why_no_asterisk is not None:
        yield fault(code, house.why_no_asterisk, _NEWER)
        return
    elif house.asterisk is not None:
        found, who = house.asterisk.version, f"Asterisk at {house.asterisk.command[-1]}"
    else:
        named = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin")
        found, who = version_of((named,)) if named else None, f"Asterisk at {named}"
        if named is None:
            do = "run 'freizeichen asterisk install', or let the first start fetch it"
            yield fault(code, "there is no Asterisk on this machine yet", do)
            return
    if found is None:
        yield fault(code, f"the {who} does not say its version", _NEWER)
    elif found < OLDEST:
        yield fault(code, f"the {who} is {dotted(found)}", _NEWER)
    else:
        yield ok(code, f"the {who} is {dotted(found)}")


def look_at_files(house: House) -> Iterator[Finding]:
    """Every file of the configuration, and what it includes, can be read."""
    code = "asterisk.files"
    house.sections("asterisk.conf")
    etc = house.etc or Path()
    faults, count = [], 0
    for name in FILES:
        try:
            count += len(files_of(etc, name))
        except ConfigUnreadable as error:
            faults.append(str(error))
    if faults:
        yield fault(code, "; ".join(faults), "mend the file named, or what includes it")
    elif not (etc / "asterisk.conf").exists():
        yield fault(code, f"{etc} has no asterisk.conf", "name the folder with Asterisk's files")
    else:
        yield ok(code, f"{count} files of {house.shown} were read")


def look_at_live_dangerously(house: House) -> Iterator[Finding]:
    """Functions that run programs and write files cannot be reached from outside."""
    code = "asterisk.live_dangerously"
    if house.section("asterisk.conf", "options").is_on("live_dangerously"):
        do = "set live_dangerously = no under [options] in asterisk.conf, and restart Asterisk"
        found = "live_dangerously is on: whoever reaches AMI can run programs and write files"
        yield fault(code, found, do)
    else:
        yield ok(code, "live_dangerously is off")


def look_at_account(house: House) -> Iterator[Finding]:
    """Asterisk runs as an ordinary account."""
    code = "asterisk.account"
    running = house.must_run()
    try:
        uid = (Path("/proc") / str(running.pid)).stat().st_uid
    except OSError:
        raise CannotLook("Asterisk has just ended", "look again") from None
    if uid == 0:
        do = "run it as an account of its own (-U asterisk); of ours 'freizeichen up' says why not"
        yield warning(code, "Asterisk runs as root: its AMI secret equals a root shell", do)
    else:
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = str(uid)
        yield ok(code, f"Asterisk runs as account {name}")


CHECKS = (
    Check(("asterisk.version",), look_at_version),
    Check(("asterisk.files",), look_at_files),
    Check(("asterisk.live_dangerously",), look_at_live_dangerously),
    Check(("asterisk.account",), look_at_account),
)
