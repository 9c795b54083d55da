"""Which systemd units run this place, where they lie, and whether one was changed by hand.

Each file begins with a line that says who wrote it and what it was then, so that nothing of an
administrator's is overwritten or taken away unseen. Changes belong into `systemctl edit`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ivr import resources

SYSTEM_CACHE: Final = Path("/var/cache/freizeichen")
_UNITS: Final = "etc/systemd/system"
_MASKS: Final = ("etc", "run")  # what lies in etc would win over what is masked until the next boot
_WHERE: Final = {
    "freizeichen-asterisk.service": _UNITS,
    "freizeichen.service": _UNITS,
    "freizeichen.sysusers": "etc/sysusers.d",
}
_MARK: Final = re.compile(
    r"# Written by 'freizeichen service install' .*; as written: ([0-9a-f]{64})\n"
)
_SAFE: Final = re.compile(r"/[A-Za-z0-9._/+:@-]*")
_ACCOUNT: Final = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))


class UnitsRefused(Exception):
    """The units cannot be made, written or taken away; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What the units start, as whom, with which folders."""

    command: Path
    settings: Path
    state: Path
    cache: Path
    user: str

    @property
    def lies_in_a_home(self) -> bool:
        """Whether the units must see homes, which are else closed to them."""
        return any(map(lies_in_a_home, (self.command, self.settings, self.state, self.cache)))


@dataclass(frozen=True, slots=True)
class UnitFile:
    """A file, by its place below the root of a system."""

    place: Path
    text: str


def lies_in_a_home(path: Path) -> bool:
    """Whether a path, or what it leads to, is in somebody's home."""
    return any(each.is_relative_to(home) for each in (path, path.resolve()) for home in _HOMES)


def render_units(what: Installation) -> tuple[UnitFile, ...]:
    """The files of an installation; raises `UnitsRefused` for a path that no unit can hold."""
    paths = (what.command, what.settings, what.state, what.cache)
    for path in paths:
        if not _SAFE.fullmatch(os.fspath(path)):
            raise UnitsRefused(
                f"{path}: a unit can only hold a whole path of letters, digits and . _ - + : @; "
                "use another folder"
            )
    if not _ACCOUNT.fullmatch(what.user):
        raise UnitsRefused("the account's name must be small letters, digits, '-' and '_'")
    environment = Environment(  # noqa: S701  (these are unit files, not HTML)
        loader=FileSystemLoader(resources.operations() / "systemd"), undefined=StrictUndefined
    )
    values = {
        "command": what.command,
        "settings": what.settings,
        "state": str(what.state),
        "cache": str(what.cache),
        "user": what.user,
        "in_home": what.lies_in_a_home,
    }
    files = []
    for name, folder in _WHERE.items():
        text = environment.get_template(f"{name}.j2").render(values) + "\n"
        shown = "freizeichen.conf" if name.endswith(".sysusers") else name
        files.append(UnitFile(Path(folder) / shown, _marked(text)))
    return tuple(files)


def install_units(root: Path, files: Sequence[UnitFile], *, force: bool = False) -> list[Path]:
    """Write the files that are missing or differ, and tell which; raises `UnitsRefused`, OSError.

    With `force` also over one that somebody else changed, which is kept as `<file>.before`.
    """
    refuse_masked(root, files)
    if not force:
        _refuse_strange(root, files, "--force writes over them and keeps each as <file>.before")
    written = []
    for file in files:
        path = root / file.place
        before = _read(path)
        if before == file.text:
            continue
        if before is not None and not is_as_written(before):
            path.replace(path.with_name(path.name + ".before"))
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_text(file.text)
        new.chmod(0o644)
        new.replace(path)
        written.append(path)
    return written


def remove_units(root: Path, files: Sequence[UnitFile]) -> list[Path]:
    """Take the files away that we wrote, and what has them started; tells which.

    One that is masked stays so. Raises `UnitsRefused`, OSError.
    """
    _refuse_strange(root, files, "look at them, and delete them by hand")
    removed = []
    for file in files:
        path = root / file.place
        if _read(path) is not None and not is_masked(path):
            path.unlink()
            removed.append(path)
        for link in sorted(path.parent.glob(f"*.wants/{path.name}")):
            if link.is_symlink():  # `systemctl enable` made it
                link.unlink()
                removed.append(link)
    return removed


def is_masked(path: Path) -> bool:
    """Whether a unit is forbidden by an administrator: a link to /dev/null, or an empty file."""
    if path.is_symlink():
        return os.readlink(path) == os.devnull
    return path.is_file() and path.stat().st_size == 0


def refuse_masked(root: Path, files: Sequence[UnitFile]) -> None:
    """Raise `UnitsRefused` for what an administrator has masked, by force or not."""
    places = [root / above / file.place.relative_to("etc") for file in files for above in _MASKS]
    if masked := [str(path) for path in places if is_masked(path)]:
        names = " ".join(dict.fromkeys(Path(each).name for each in masked))
        raise UnitsRefused(
            f"masked by an administrator: {', '.join(masked)}. Nothing was done, and --force would "
            f"not do it either; to have them after all: systemctl unmask {names} (or remove the "
            "link), and run this again"
        )


def is_as_written(text: str) -> bool:
    """Whether this file is ours, and nobody has changed it since."""
    found = _MARK.match(text)
    return found is not None and found[1] == _sum(text[found.end() :])


def _refuse_strange(root: Path, files: Sequence[UnitFile], mend: str) -> None:
    texts = {root / file.place: _read(root / file.place) for file in files}
    strange = [str(path) for path, text in texts.items() if text and not is_as_written(text)]
    if strange:
        raise UnitsRefused(
            f"written or changed by somebody else: {', '.join(strange)}. Nothing was done; {mend}"
        )


def _marked(text: str) -> str:
    edit = "changes go into 'systemctl edit'"
    return f"# Written by 'freizeichen service install' ({edit}); as written: {_sum(text)}\n{text}"


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
