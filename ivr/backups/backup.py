"""What a backup of a place holds, and how it is made while the service runs.

```
manifest.json     versions, how far the journal is, checksums
store/store.db    what happened: journal, dialogues, vault
days/*            closed days of the journal
people/*          who is who: contacts, their keys, and the key file that opens them
place/*           settings, passwords of the phones, the API's token
```
Whoever has such a file can read all of it. A copy without `people/` opens nothing personal.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from ivr.backups.archive import refuse_to_replace_others, write_archive
from ivr.keeping.kept import days_folder, key_file, store_url
from ivr.place.place import Place
from ivr.place.private_files import read_plain
from ivr.settings.settings import Settings
from queues.store import StoreFacts, StoreFiles, copy_store, store_files

SETTINGS: Final = "place/freizeichen.yaml"
STORE: Final = "store/store.db"
PEOPLE: Final = "people/people.db"
KEY: Final = "people/store.key"
OF_THE_PLACE: Final = ("passwords.json", "token")  # below the run folder
_WORKED_IN: Final = ".freizeichen-backup-"
_LONGEST_S: Final = 86_400.0  # a backup takes seconds; what is older nobody works in any more


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made."""

    file: Path
    size: int
    facts: StoreFacts
    with_people: bool


def files_of(settings: Settings, place: Place) -> StoreFiles:
    """Where a place's store lies; raises `StoreUnusable` for one on a server."""
    return store_files(
        store_url(settings, place),
        settings.store.people_url,
        key=key_file(place),
        days=days_folder(place),
    )


def files_in(folder: Path) -> StoreFiles:
    """Where the same lies in an unpacked backup."""
    return StoreFiles(folder / STORE, folder / PEOPLE, folder / KEY, folder / "days")


def make_backup(
    settings: Settings, place: Place, file: Path, *, with_people: bool = True
) -> Backup:
    """Make a backup, whole or not at all. Raises `StoreError`, `ArchiveUnusable`, OSError.

    Needs as much space beside the file as the store takes, for as long as it lasts.
    """
    lies = files_of(settings, place)
    refuse_to_replace_others(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    _sweep(file.parent)
    with tempfile.TemporaryDirectory(prefix=_WORKED_IN, dir=file.parent) as name:
        folder = Path(name)
        facts = copy_store(lies, files_in(folder))
        names = [STORE, *(f"days/{day}" for day in facts.days)]
        if with_people:
            names += [PEOPLE] + ([KEY] if (folder / KEY).exists() else [])
        names += _copy_place(place, folder)
        says = {
            "product": version("freizeichen"),
            "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "store": facts.store_id,
            "epoch": facts.progress.epoch,
            "row": facts.progress.seq,
            "tables": list(facts.revisions),
            "people": with_people,
        }
        size = write_archive(folder, names, says, file)
    return Backup(file, size, facts, with_people)


def _sweep(folder: Path) -> None:
    """Remove what killed backups left behind: whole copies of the store, keys included."""
    for left in folder.glob(f"{_WORKED_IN}*"):
        with suppress(OSError):  # it may be another's, or gone meanwhile
            if time.time() - left.lstat().st_mtime > _LONGEST_S:
                shutil.rmtree(left)


def _copy_place(place: Place, folder: Path) -> list[str]:
    (folder / "place").mkdir(mode=0o700)
    names = []
    for name in OF_THE_PLACE:
        if (data := read_plain(place.run_folder / name)) is not None:
            (folder / "place" / name).write_bytes(data)
            names.append(f"place/{name}")
    if not place.is_example:
        shutil.copyfile(place.settings_file, folder / SETTINGS)
        names.append(SETTINGS)
    return names
