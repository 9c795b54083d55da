"""Whether what the units start can see and read what it needs: else it would fail at each start.

Rules:

1. The units have a /tmp and a /var/tmp of their own: nothing that lies there is seen by them.
2. Homes are closed to them, unless the installation itself lies in one.
3. Their account may enter every folder on the way to settings and program, and read those.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from ivr.asterisk.account import STRANGER
from ivr.service.units import Installation, UnitsRefused, lies_in_a_home
from ivr.settings.settings import Settings

_OF_THEIR_OWN: Final = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  (nothing is written there)
_TRIED_S: Final = 20


def refuse_unseen(what: Installation, settings: Settings | None) -> None:
    """Raise `UnitsRefused` for what lies where the units do not see it; settings if they hold."""
    folder = "/etc/freizeichen"
    for path, mend in (
        (what.settings, f"move it, to {folder}/{what.settings.name} for example"),
        (what.state, f"move the settings, to {folder} for example"),
        (what.cache, "name another in FREIZEICHEN_CACHE, or none"),
        (what.command, "install freizeichen elsewhere, in /opt/freizeichen for example"),
    ):
        if _is_hidden(path):
            raise UnitsRefused(
                f"{path}: the units have a /tmp of their own and cannot see it; {mend}, and run "
                "this again. Nothing was written"
            )
    for location, path in _paths(settings):
        if _is_hidden(path) or (lies_in_a_home(path) and not what.lies_in_a_home):
            where = "" if settings is None else settings.where(*location)
            why = "have a /tmp of their own" if _is_hidden(path) else "are kept out of homes"
            raise UnitsRefused(
                f"{where}: {path}: the units {why} and cannot see it; move it, to {folder} for "
                "example, and name it anew. Nothing was written"
            )


def refuse_unreadable(what: Installation) -> None:
    """Raise `UnitsRefused` if the account, made or not, could not read what it is to run.

    Tried as that account, which only root can do.
    """
    account = _account(what.user)
    for path, test in ((what.settings, "-r"), (what.command, "-x")):
        for each in (*reversed(path.parents), path):
            is_last = each == path
            if _may(account, test if is_last else "-x", each):
                continue
            can = "read it" if is_last else f"get through {each} to it"
            rights = f"chmod o+{'r' if is_last and test == '-r' else 'x'} {each}"
            raise UnitsRefused(
                f"{path}: the account '{what.user}', which runs everything, cannot {can}; move it, "
                f"below /etc or /opt for example, or let it in ({rights}). Nothing was written"
            )


def _is_hidden(path: Path) -> bool:
    return any(
        each.is_relative_to(folder) for folder in _OF_THEIR_OWN for each in (path, path.resolve())
    )


def _paths(
    part: BaseModel | None, *above: str | int
) -> Iterator[tuple[tuple[str | int, ...], Path]]:
    """Every whole path in a table of the settings, with its place."""
    for name, value in part or ():
        values: list[tuple[tuple[str | int, ...], Any]] = [((*above, name), value)]
        if isinstance(value, dict):
            values = [((*above, name, key), each) for key, each in value.items()]
        for location, each in values:
            if isinstance(each, BaseModel):
                yield from _paths(each, *location)
            elif isinstance(each, Path) and each.is_absolute():
                yield location, each


def _account(user: str) -> dict[str, Any]:
    """How a process is started as this account; one that is not there yet is a stranger."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return STRANGER.popen_options()
    groups = os.getgrouplist(user, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}


def _may(account: dict[str, Any], test: str, path: Path) -> bool:
    done = subprocess.run(  # noqa: S603  (our own fixed command)
        ["/usr/bin/test", test, str(path)],
        check=False,
        capture_output=True,
        timeout=_TRIED_S,
        cwd="/",
        **account,
    )
    return done.returncode == 0
