"""What is looked at: the settings, the Asterisk they lead to, its configuration, what runs of it.

The configuration is that of the Asterisk that runs here; where none runs, what a start would write,
rendered into a folder that is gone afterwards; or that of another Asterisk, whose folder is named.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ivr import resources
from ivr.asterisk.config import DOCTOR, PathUnusable
from ivr.asterisk.config_reader import ConfigUnreadable, Section, merged, read_sections
from ivr.asterisk.folders import SwitchFolders
from ivr.asterisk.install import Asterisk, InstallFailed, find_asterisk
from ivr.cannot_start import CannotStart
from ivr.dialplan.plan import Plan
from ivr.doctor.finding import CannotLook
from ivr.place.credentials import CredentialsUnusable, load_credentials
from ivr.place.place import Place
from ivr.place.runfile import RunFile, ServiceNotRunning, read_run_file
from ivr.settings.settings import Settings
from ivr.starting.preparation import load_plans
from ivr.starting.rendered import emergency_ways, render_apart, secrets_of, when_down
from queues.ids import LineId

START_IT = (
    "start it (systemctl start freizeichen, freizeichen up, or your own Asterisk) and look again"
)
_CONSOLE_S = 20
_OURS = "; Rendered by freizeichen."


@dataclass(frozen=True, slots=True)
class RunningAsterisk:
    """An Asterisk that runs with the configuration that is looked at."""

    pid: int
    command: tuple[str, ...]
    etc: Path

    def console(self, line: str) -> str:
        """What its console answers to one of our fixed lines; raises `CannotLook`."""
        words = [*self.command, "-C", str(self.etc / "asterisk.conf"), "-rx", line]
        try:
            done = subprocess.run(  # noqa: S603  (our own command)
                words, check=False, capture_output=True, errors="replace", timeout=_CONSOLE_S
            )
        except (OSError, subprocess.SubprocessError):
            done = None
        if done is None or done.returncode != 0:
            raise CannotLook(
                f"the console of Asterisk (process {self.pid}) does not answer",
                "run this as the account that runs Asterisk, or as root",
            )
        return done.stdout


@dataclass(slots=True)
class House:
    """All that the checks look at. `etc` is None if there is no configuration to look at."""

    place: Place
    settings: Settings
    cache: Path
    asterisk: Asterisk | None
    why_no_asterisk: str | None  # a named one that cannot be used
    etc: Path | None
    shown: str  # how the configuration is called
    is_ours: bool  # the configuration is rendered by us alone
    rendered: Path | None  # what a start would write
    running: RunningAsterisk | None
    service: RunFile | None
    is_hidden: bool  # a service may run here, but it is another account's
    calls: bool = True  # a call of our own may be made
    _said: dict[str, str] = field(default_factory=dict)
    _read: dict[str, tuple[Section, ...]] = field(default_factory=dict)

    def sections(self, name: str) -> tuple[Section, ...]:
        """The sections of a file of Asterisk's; raises `CannotLook`."""
        if self.etc is None:
            raise CannotLook(
                "there is no configuration of Asterisk to look at",
                "mend what 'asterisk.version' and 'trunk.password' tell, and look again",
            )
        if name not in self._read:
            try:
                self._read[name] = read_sections(self.etc, name)
            except ConfigUnreadable as error:
                raise CannotLook(str(error), "mend what 'asterisk.files' tells") from None
        return self._read[name]

    def section(self, file: str, name: str) -> Section:
        """All that a file says under this name; an empty section where it says nothing."""
        found = merged(self.sections(file), name)
        return found or Section(name, (self.etc or Path()) / file)

    def console(self, line: str) -> str:
        """What the running Asterisk says, asked once; raises `CannotLook`."""
        if line not in self._said:
            self._said[line] = self.must_run().console(line)
        return self._said[line]

    def must_be_seen(self) -> None:
        """Raise `CannotLook` where a service of another account may run."""
        if self.is_hidden:
            raise CannotLook(
                "a service of another account may run here",
                "run this as the account that runs the service, or as root",
            )

    def must_run(self) -> RunningAsterisk:
        """The running Asterisk; raises `CannotLook`."""
        if self.running is None:
            raise CannotLook(f"no Asterisk runs with {self.shown}", START_IT)
        return self.running


@contextmanager
def open_house(
    place: Place, settings: Settings, *, theirs: Path | None, calls: bool = True
) -> Iterator[House]:
    """Find what there is to look at; `theirs` is the folder of another Asterisk's configuration."""
    cache = resources.cache_folder()
    asterisk, why = _program(settings, cache)
    command = asterisk.command if asterisk is not None else _on_the_path()
    ours = SwitchFolders.below(place.run_folder).etc
    etc, running = theirs, None if theirs is None else _running(theirs, command)
    if theirs is None:
        running = _running(ours, command)
        etc = ours if running is not None else None
    with tempfile.TemporaryDirectory(prefix="freizeichen-doctor-") as folder:
        rendered = None if asterisk is None else _rendered(place, settings, asterisk, Path(folder))
        etc = etc or rendered
        yield House(
            place=place,
            settings=settings,
            cache=cache,
            asterisk=asterisk,
            why_no_asterisk=why,
            etc=etc,
            shown="what a start would write" if etc == rendered else str(etc),
            is_ours=etc is not None and _is_ours(etc),
            rendered=rendered,
            running=running,
            service=_service(place),
            is_hidden=_is_hidden(place.run_folder / "run.json"),
            calls=calls,
        )


def _program(settings: Settings, cache: Path) -> tuple[Asterisk | None, str | None]:
    try:
        return find_asterisk(settings.asterisk.binary, cache), None
    except InstallFailed as error:
        return None, str(error)


def _on_the_path() -> tuple[str, ...]:
    found = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin")
    return (found,) if found else ()


def _is_ours(etc: Path) -> bool:
    try:
        return (etc / "asterisk.conf").read_text(errors="replace").startswith(_OURS)
    except OSError:
        return False


def _running(etc: Path, command: tuple[str, ...]) -> RunningAsterisk | None:
    """The Asterisk of this folder, by the process id that it wrote down itself."""
    try:
        if not command or not (etc / "asterisk.conf").exists():
            return None
        folders = merged(read_sections(etc, "asterisk.conf"), "directories")
        run = Path((folders.get("astrundir") if folders else "") or "/var/run/asterisk")
        pid = int((run / "asterisk.pid").read_text())
        words = (Path("/proc") / str(pid) / "cmdline").read_bytes()
    except (OSError, ValueError, ConfigUnreadable):
        return None
    return RunningAsterisk(pid, command, etc) if b"asterisk" in words else None


def _rendered(place: Place, settings: Settings, asterisk: Asterisk, folder: Path) -> Path | None:
    """What a start would write, with the passwords that there are; None if it could not."""
    try:
        kept = place.run_folder / "passwords.json"
        if os.access(kept, os.R_OK, effective_ids=True):
            shutil.copy(kept, folder)
        names = [*settings.places, *settings.callers, DOCTOR]
        plans = _plans(settings)
        secrets = secrets_of(settings, load_credentials(folder, names))
        return render_apart(
            place,
            settings,
            secrets,
            asterisk,
            folder,
            when_down=when_down(plans),
            emergency_ways=emergency_ways(settings, plans),
        )
    except (OSError, PathUnusable, CredentialsUnusable, resources.ResourceMissing):
        return None


def _plans(settings: Settings) -> dict[LineId, Plan]:
    """The dialplans, or none where one is faulty, which is told by itself."""
    try:
        return load_plans(settings)
    except (CannotStart, resources.ResourceMissing):
        return {}


def _is_hidden(run_file: Path) -> bool:
    return run_file.exists() and not os.access(run_file, os.R_OK, effective_ids=True)


def _service(place: Place) -> RunFile | None:
    try:
        run = read_run_file(place.run_folder)
    except ServiceNotRunning:
        return None
    return run if (Path("/proc") / str(run.pid)).exists() else None
