"""Whether what runs is well by its own word, and has today's settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from ivr.asterisk.config import WRITTEN, dialplan_name
from ivr.asterisk.config_reader import Section, read_sections
from ivr.asterisk.included import FILES
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, warning
from ivr.doctor.house import START_IT, House
from ivr.place.asking import NoAnswer, ask

# What of our files says the same wherever they lie.
_DIALPLAN = "extensions.conf"
_COMPARED = (_DIALPLAN, "manager.conf", "modules.conf", "pjsip.conf", "queues.conf", "rtp.conf")


def look_at_service(house: House) -> Iterator[Finding]:
    """The service answers, and calls nothing of itself degraded."""
    code = "service"
    house.must_be_seen()
    run = house.service
    if run is None:
        raise CannotLook(
            "the service does not run",
            "start it (systemctl start freizeichen, or freizeichen up) and look again",
        )
    try:
        answer, health = ask(run, "GET", "/health")
    except NoAnswer as error:
        yield fault(code, str(error), "look into its log, and start it anew if it stays so")
        return
    reasons = [str(each.get("text")) for part in health["reasons"].values() for each in part]
    down = [name for name, state in health["checks"].items() if state == "down"]
    told = "; ".join(reasons or down)
    if answer.status_code != httpx.codes.OK:
        yield fault(code, f"no call would be answered: {told}", "mend what else is told here")
    elif reasons:
        yield warning(code, told, "callers are served, with less; mend what it says")
    else:
        yield ok(code, f"the service (process {run.pid}) answers, and all of it is well")


def look_at_settings(house: House) -> Iterator[Finding]:
    """Asterisk's files say what the settings say today."""
    code = "asterisk.current"
    rendered, etc = house.rendered, house.etc
    if rendered is None or etc is None:
        raise CannotLook("what the settings ask for could not be worked out", START_IT)
    names: tuple[str, ...]
    if house.is_ours:
        names, do = _COMPARED, "start the service anew: it writes them, and has Asterisk take them"
    else:
        names, do = tuple(FILES), "run 'freizeichen asterisk config' again, and reload"
    others = [name for name in names if _differs(house, rendered, name)]
    if others:
        found = f"{', '.join(others)}: not what today's settings and this release ask for"
        yield warning(code, found, do)
    elif etc == rendered:
        yield ok(code, "a start would write what the settings say today")
    elif house.running is not None and not _runs(house, rendered):
        found = f"Asterisk runs with another dialplan than {house.shown}/{_DIALPLAN}"
        yield warning(code, found, "type 'dialplan reload' on its console, or start it anew")
    else:
        yield ok(code, f"{house.shown} says what the settings say today")


def _runs(house: House, rendered: Path) -> bool:
    """Whether the dialplan in Asterisk's memory is today's; raises `CannotLook`."""
    if not _named(house.sections(_DIALPLAN)):
        return True  # nothing of ours is in theirs
    return (dialplan_name(rendered) or "") in house.console(f"dialplan show {WRITTEN}")


def _named(sections: Sequence[Section]) -> list[Section]:
    return [each for each in sections if each.name == WRITTEN]


def _differs(house: House, rendered: Path, name: str) -> bool:
    """Whether a section that is ours says something else than it would today."""
    wanted, there = read_sections(rendered, name), house.sections(name)
    if house.is_ours:
        return _said(wanted) != _said(there)
    theirs, _ = FILES[name]
    ours = [each for each in wanted if each.name not in theirs and each.get("type") != "transport"]
    names = {each.name for each in ours}
    found = [each for each in there if each.name in names]
    if name == _DIALPLAN:  # a context of it may be written otherwise (--outside)
        return bool(found) and _said(_named(ours)) != _said(_named(found))
    return bool(found) and _said(ours) != _said(found)


def _said(sections: Sequence[Section]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (each.name, [setting for setting in each.settings if setting[0] != "transport"])
        for each in sections
    ]


CHECKS = (Check(("service",), look_at_service), Check(("asterisk.current",), look_at_settings))
