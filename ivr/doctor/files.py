"""Files with passwords: read by their owner alone, and by the group of who must."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from ivr.asterisk.config_reader import ConfigUnreadable, files_of
from ivr.doctor.finding import CannotLook, Check, Finding, fault, ok
from ivr.doctor.house import House

_OURS = ("passwords.json", "token", "run.json")
_OF_ASTERISK = ("manager.conf", "pjsip.conf")
_OTHERS = stat.S_IROTH | stat.S_IWOTH


def look_at_secrets(house: House) -> Iterator[Finding]:
    """Nobody else reads the passwords of phones, the control port and the API."""
    code = "files.secrets"
    found = {
        house.place.run_folder / name: 0o077
        for name in _OURS
        if (house.place.run_folder / name).exists()
    }
    if house.etc is not None and house.etc != house.rendered:
        try:
            of_asterisk = [path for name in _OF_ASTERISK for path in files_of(house.etc, name)]
        except ConfigUnreadable as error:
            raise CannotLook(str(error), "mend what 'asterisk.files' tells") from None
        found |= dict.fromkeys(of_asterisk, _OTHERS)
    if not found:
        raise CannotLook("there are no passwords yet", "they are made at the first start")
    open_files = [path for path, others in found.items() if _mode(path) & others]
    if open_files:
        listed = " ".join(str(path) for path in open_files)
        do = f"chmod o-rwx {listed}; change the passwords if others use this machine"
        yield fault(code, f"others may read passwords in {', '.join(map(str, open_files))}", do)
    else:
        yield ok(code, f"{len(found)} files with passwords are closed to others")


def _mode(path: Path) -> int:
    """The rights of a file; nobody else reads one in a folder that is closed to them."""
    if not path.parent.stat().st_mode & stat.S_IXOTH:
        return path.stat().st_mode & ~_OTHERS
    return path.stat().st_mode


CHECKS = (Check(("files.secrets",), look_at_secrets),)
