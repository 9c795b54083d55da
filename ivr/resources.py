"""Where data lies: an explicit setting, else what the wheel brought along, else the checkout."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLED = _PACKAGE / "_bundled"
_CHECKOUT = _PACKAGE.parent


class ResourceMissing(Exception):
    """A data file or folder that the product brings along is not where it belongs."""


def _find(name: str, explicit: Path | None) -> Path:
    candidates = (explicit,) if explicit is not None else (_BUNDLED / name, _CHECKOUT / name)
    for candidate in candidates:
        if candidate.exists():
            return candidate
    if explicit is not None:
        raise ResourceMissing(f"{explicit} is not there; the settings or an option name it")
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise ResourceMissing(f"{name} not found (looked at {looked}); reinstall freizeichen")


def dialplans(explicit: Path | None = None) -> Path:
    """The folder with `<language>/<name>.yaml`."""
    return _find("dialplans", explicit)


def recorded_prompts(explicit: Path | None = None) -> Path:
    """The folder with recorded prompts, `<language>/<prompt id>.wav`; they win over spoken ones."""
    return _find("recordings/prompts", explicit)


def asterisk_conf(explicit: Path | None = None) -> Path:
    """The folder with the templates of Asterisk's configuration."""
    return _find("asterisk-conf", explicit)


def operations() -> Path:
    """The folder with what runs and watches an installation: units, alert rules, a board."""
    return _find("operations", None)


def example_settings() -> Path:
    """The settings file that runs when someone has none yet."""
    return _PACKAGE / "example.yaml"


def cache_folder() -> Path:
    """Where what is fetched once is kept: `FREIZEICHEN_CACHE`, else the user's cache folder.

    Root's home is closed to the ordinary account that shall run Asterisk, so root's cache lies in
    the system's.
    """
    if explicit := os.environ.get("FREIZEICHEN_CACHE"):
        return Path(explicit).expanduser().resolve()
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "freizeichen"
    if os.geteuid() == 0:
        return Path("/var/cache/freizeichen")
    return Path.home() / ".cache" / "freizeichen"


def days() -> Path:
    """The folder with `<name>.yaml`: days to be simulated."""
    return _CHECKOUT / "queues" / "simulation" / "days"
