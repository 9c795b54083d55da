"""Which modules Asterisk has: all that calls need, none that could start programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ivr.asterisk.config_reader import merged, read_sections
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok, warning
from ivr.doctor.house import House

_SHOWN_AT_MOST = 8
_SHOWN = re.compile(r"^(\S+\.so)\s.*?\s(Running|Not Running)\s", re.MULTILINE)
# What can start programs, read or write files, fetch from the web, or writes down who called whom.
_DANGEROUS = (
    "app_system.so",
    "app_externalivr.so",
    "app_mixmonitor.so",
    "func_shell.so",
    "func_env.so",
    "func_curl.so",
    "res_curl.so",
    "res_config_curl.so",
    "cdr_*.so",
    "cel_*.so",
    "app_cdr.so",
)


def needed_modules(house: House) -> frozenset[str]:
    """Every module that our own configuration loads; raises `CannotLook`."""
    if house.rendered is None:
        raise CannotLook(
            "what a start would write could not be worked out, so the modules are not known",
            "mend what else is told here, and look again",
        )
    section = merged(read_sections(house.rendered, "modules.conf"), "modules")
    return frozenset(section.values("load") if section is not None else ())


def loaded_modules(house: House) -> tuple[frozenset[str], str]:
    """The modules that are loaded, or would be at a start, and how that is known.

    Raises `CannotLook`.
    """
    if house.running is not None:
        shown = house.console("module show")
        running = {name for name, state in _SHOWN.findall(shown) if state == "Running"}
        return frozenset(running), "running"
    section = house.section("modules.conf", "modules")
    named = {*section.values("load"), *section.values("require"), *section.values("preload")}
    named = {name if name.endswith(".so") else f"{name}.so" for name in named}
    if section.is_on("autoload", default=True):
        if house.asterisk is None:
            raise CannotLook(
                "modules.conf loads whatever is there, and there is no Asterisk to look into",
                "run 'freizeichen asterisk install', or start Asterisk",
            )
        named |= {path.name for path in house.asterisk.modules.glob("*.so")}
    named -= {name if name.endswith(".so") else f"{name}.so" for name in section.values("noload")}
    return frozenset(named), "named by modules.conf"


def look_at_needed(house: House) -> Iterator[Finding]:
    """Every module that calls need is there."""
    code = "asterisk.modules"
    needed = needed_modules(house)
    loaded, how = loaded_modules(house)
    missing = sorted(needed - loaded)
    if missing:
        lines = "; ".join(f"load = {name}" for name in missing)
        do = f"add to [modules] in modules.conf: {lines}, and restart Asterisk"
        yield fault(code, f"modules that calls need are not {how}: {', '.join(missing)}", do)
        return
    if house.running is None and house.asterisk is not None:
        gone = sorted(name for name in needed if not (house.asterisk.modules / name).exists())
        if gone:
            do = "install all of Asterisk's modules (Debian: asterisk-modules)"
            yield fault(code, f"{house.asterisk.modules} lacks {', '.join(gone)}", do)
            return
    yield ok(code, f"all {len(needed)} modules that calls need are {how}")


def look_at_dangerous(house: House) -> Iterator[Finding]:
    """No module is there that makes more of the AMI secret than calls."""
    code = "asterisk.dangerous_modules"
    loaded, how = loaded_modules(house)
    found = sorted(name for name in loaded if any(fnmatchcase(name, each) for each in _DANGEROUS))
    if not found:
        yield ok(code, f"no module that starts programs or writes call records is {how}")
        return
    shown = [*found[:_SHOWN_AT_MOST], *(["…"] if len(found) > _SHOWN_AT_MOST else [])]
    what = f"{len(found)} modules that start programs, read files or write call records are {how}: "
    do = "; ".join(f"noload = {name}" for name in shown)
    if house.is_ours:
        yield fault(code, what + ", ".join(shown), f"in modules.conf: {do}, and restart Asterisk")
    else:
        do = f"where your Asterisk can do without, in modules.conf: {do}"
        yield warning(code, what + ", ".join(shown), do)


CHECKS = (
    Check(("asterisk.modules",), look_at_needed),
    Check(("asterisk.dangerous_modules",), look_at_dangerous),
)
