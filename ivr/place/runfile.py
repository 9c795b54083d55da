"""The run file: a running service tells its own commands its addresses and accounts (mode 0600)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ivr.place.private_files import write_private

RUN_FOLDER = ".freizeichen"


@dataclass(frozen=True, slots=True)
class LineInfo:
    """One line that is answered."""

    number: str
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Account:
    """A phone account, all a SIP phone needs to register; `agent` sits at this phone, if any."""

    username: str
    password: str
    agent: str | None = None

    def __repr__(self) -> str:
        return f"Account(username={self.username!r}, password=…, agent={self.agent!r})"


@dataclass(frozen=True, slots=True)
class RunFile:
    """What a running service says of itself."""

    pid: int
    address: str  # of the API, "http://127.0.0.1:8080"
    sip_host: str
    sip_port: int
    token_file: str
    prompts: str  # folder with <language>/<prompt id>.wav, 8 kHz mono 16 bit
    music: str  # folder with the music on hold as .wav
    lines: tuple[LineInfo, ...]
    callers: tuple[Account, ...]
    places: tuple[Account, ...]


class ServiceNotRunning(Exception):
    """No service runs beside these settings, or its run file cannot be read."""


_ADAPTER = TypeAdapter(RunFile)


def write_run_file(folder: Path, run: RunFile) -> None:
    """Write atomically, readable by the owner alone."""
    write_private(folder / "run.json", _ADAPTER.dump_json(run, indent=1))


def remove_run_file(folder: Path) -> None:
    """Take the run file of a service that ends away; one that is not there is no error."""
    (folder / "run.json").unlink(missing_ok=True)


def read_run_file(folder: Path) -> RunFile:
    """Read the run file of the service whose run folder this is; raises `ServiceNotRunning`."""
    path = folder / "run.json"
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ServiceNotRunning(
            f"no service runs here ({path} is missing); start it with: freizeichen up"
        ) from None
    except (OSError, ValidationError) as error:
        raise ServiceNotRunning(
            f"{path} cannot be read ({type(error).__name__}); restart the service"
        ) from None
