"""Whether a backup may take the place of what is here, and how that is done: whole, or not at all.

Rules:

1. Everything in the backup is unpacked and looked at before anything here changes.
2. Not under a service that lives. Not over another store's data, nor over data that are newer than
   the backup or cannot be read, unless it is forced.
3. The people that are here stay, where they are of this store, newer, and their key opens them:
   who was erased since the backup stays erased. Only `people=True` goes back with them too.
4. What was here is kept as `<file>.before-restore-<time>`; `go_back` puts it back.
5. The settings file is the administrator's: one that differs is laid beside, never written.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from ivr.backups.archive import OTHER, ArchiveUnusable, read_archive, sync_folder
from ivr.backups.backup import OF_THE_PLACE, SETTINGS, files_in, files_of
from ivr.backups.moves import Move, come_near, finish_moves, move_all
from ivr.place.place import Place
from ivr.place.private_files import read_plain, write_private
from ivr.settings.settings import Settings, load_settings
from queues.store import (
    StoreError,
    StoreFacts,
    StoreFiles,
    StoreUnusable,
    look_at_store,
)

_INTENT: Final = "restoring.json"
_WORKED_IN: Final = "restoring-"
_DONE: Final = "restored.json"
_SAVED_SETTINGS: Final = "freizeichen.yaml.from-backup"

Tell = Callable[[str], None]


class RestoreRefused(Exception):
    """The backup does not take the place of what is here; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a manifest says of its backup: when it was made, of which store, up to which row.

    The store itself must agree: on it hangs whether the people that are here stay.
    """

    made_at: str
    store: str
    epoch: int
    row: int


@dataclass(frozen=True, slots=True)
class _Here:
    """What stands at the place: nothing, a store, or something that cannot be read (`fault`)."""

    facts: StoreFacts | None
    fault: str | None


def finish_restore(place: Place) -> bool:
    """Go on with a restore that was broken off; whether there was one. Raises `MovesBroken`."""
    return finish_moves(place.run_folder / _INTENT)


def restore(place: Place, file: Path, tell: Tell, *, force: bool, people: bool) -> None:
    """Put a backup in the place of what is here; the run folder is held by the caller (`lock`).

    Raises `RestoreRefused`, `ArchiveUnusable`, `StoreError`, `SettingsFaulty`, OSError; then
    nothing has changed.
    """
    finish_restore(place)
    for left in place.run_folder.glob(f"{_WORKED_IN}*"):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_WORKED_IN, dir=place.run_folder) as name:
        folder = Path(name)
        says = _said(file, read_archive(file, folder))
        settings = _settings(place, folder)
        lies, brought = files_of(settings, place), files_in(folder)
        if not brought.store.exists():
            raise ArchiveUnusable(f"{file}: holds no store; {OTHER}")
        here = _look(lies)
        keeps_people = _keeps_people(lies, brought, here, says, people=people)
        try:
            there = look_at_store(_joined(brought, lies) if keeps_people else brought)
        except StoreUnusable as error:  # the folder it was unpacked into is gone when that is read
            inside = str(error).replace(f"{folder}/", "")
            raise type(error)(f"{file}: {inside}. Nothing was changed") from None
        if not _agrees(says, there):
            raise ArchiveUnusable(f"{file}: its manifest is not of its store; {OTHER}")
        if not force:
            _refuse_newer(here, there)
        wanted = [(brought.store, lies.store)]
        if any(Path(day).name != day for day in there.days):
            raise ArchiveUnusable(f"{file}: its journal names a day's file elsewhere; {OTHER}")
        wanted += [(brought.days / day, lies.days / day) for day in there.days]
        if not keeps_people:
            wanted += [(brought.people, lies.people), (brought.key, lies.key)]
        wanted += [
            (each, place.run_folder / each.name)
            for each in (folder / "place" / name for name in OF_THE_PLACE)
            if each.exists() and read_plain(place.run_folder / each.name) != each.read_bytes()
        ]
        wanted = [(new, to) for new, to in wanted if new.exists()]
        end = _free_end("before-restore", [to for _, to in wanted])
        moves = _near(wanted, end)
        _lay_beside(place, folder / SETTINGS, tell)
    move_all(place.run_folder / _INTENT, moves)
    write_private(
        place.run_folder / _DONE,
        json.dumps([[each.place, each.kept] for each in moves], indent=1),
    )
    tell(f"restored: the journal to row {there.progress.seq}, made {says.made_at}")
    if keeps_people:
        tell(
            "the people are those that were here, which are newer: who was erased since stays "
            "erased (--people would go back with them too)"
        )
    tell(f"what was here is kept as *{end}; freizeichen restore --back undoes it")


def go_back(place: Place, tell: Tell) -> None:
    """Put back what the last restore moved aside. Raises `RestoreRefused`, OSError."""
    finish_restore(place)
    done = place.run_folder / _DONE
    try:
        pairs = [(str(to), str(kept)) for to, kept in json.loads(read_plain(done) or b"")]
    except (ValueError, TypeError):
        raise RestoreRefused("there is no restore here that could be undone") from None
    # The log that was moved aside with its database comes back with it, after it.
    pairs = [(to + log, kept + log) for to, kept in pairs for log in ("", "-wal", "-shm")]
    pairs = [(to, kept) for to, kept in pairs if Path(kept).exists()]
    if not pairs:
        raise RestoreRefused("what the restore moved aside is not there any more")
    end = _free_end("before-back", [Path(to) for to, _ in pairs])
    moves = [Move(kept, to, to + end) for to, kept in pairs]
    move_all(place.run_folder / _INTENT, moves)
    done.unlink()
    sync_folder(place.run_folder)
    tell(f"what the restore had moved aside is back; what it brought is kept as *{end}")


def _said(file: Path, manifest: Mapping[str, Any]) -> _Said:
    """Raises `ArchiveUnusable` for a manifest that does not say it, or as something else."""
    words = [manifest.get(each) for each in ("made_at", "store", "epoch", "row")]
    match words:
        case [str(made_at), str(store), int(epoch), int(row)] if made_at.isprintable():
            return _Said(made_at, store, epoch, row)
    raise ArchiveUnusable(
        f"{file}: its manifest does not say when it was made, of which store, or how far its "
        f"journal goes; {OTHER}"
    )


def _agrees(said: _Said, facts: StoreFacts) -> bool:
    so = (facts.store_id, facts.progress.epoch, facts.progress.seq)
    return so == (said.store, said.epoch, said.row)


def _settings(place: Place, folder: Path) -> Settings:
    """Of the place; where it has none yet, those of the backup say where its store lies."""
    if place.is_example or not place.settings_file.exists():
        saved = folder / SETTINGS
        return load_settings(saved if saved.exists() else place.settings_file)
    return load_settings(place.settings_file)


def _look(lies: StoreFiles) -> _Here:
    if not any(path.exists() for path in (lies.store, lies.people)):
        return _Here(None, None)
    try:
        return _Here(look_at_store(lies), None)
    except StoreError as error:
        return _Here(None, str(error))


def _keeps_people(
    lies: StoreFiles, brought: StoreFiles, here: _Here, says: _Said, *, people: bool
) -> bool:
    if not brought.people.exists():
        if people:
            raise RestoreRefused("this backup was made without the people; leave --people out")
        return True
    if people or not lies.people.exists():
        return False
    if here.facts is None:  # the store is gone or broken; are the people in order?
        try:
            known = look_at_store(_joined(brought, lies)).people_know
        except StoreError:
            return False
    else:
        if here.facts.store_id != says.store:
            return False
        known = here.facts.people_know
    return known is not None and (known.epoch, known.seq) >= (says.epoch, says.row)


def _joined(brought: StoreFiles, lies: StoreFiles) -> StoreFiles:
    return StoreFiles(brought.store, lies.people, lies.key, brought.days)


def _refuse_newer(here: _Here, there: StoreFacts) -> None:
    if here.fault is not None:
        raise RestoreRefused(
            f"what is here cannot be read ({here.fault}), so nobody knows whether it is newer than "
            "the backup; --force moves it aside and keeps it. Nothing was changed"
        )
    if here.facts is None:
        return
    ours, theirs = here.facts.progress, there.progress
    if here.facts.store_id != there.store_id:
        raise RestoreRefused(
            "what is here is the store of another installation; --force moves it aside and keeps "
            "it. Nothing was changed"
        )
    if (ours.epoch, ours.seq) > (theirs.epoch, theirs.seq):
        raise RestoreRefused(
            f"what is here is newer than the backup: its journal ends with row {ours.seq} of start "
            f"{ours.epoch}, that of the backup with row {theirs.seq} of start {theirs.epoch}; "
            "--force goes back all the same, and keeps what is here. Nothing was changed"
        )


def _lay_beside(place: Place, saved: Path, tell: Tell) -> None:
    if not saved.exists():
        return
    there = not place.is_example and place.settings_file.exists()
    if there and place.settings_file.read_bytes() == saved.read_bytes():
        return
    beside = place.run_folder / _SAVED_SETTINGS
    shutil.copyfile(saved, beside)
    beside.chmod(0o600)
    tell(f"the settings of the backup are in {beside}; yours are as they were")


def _free_end(name: str, places: Sequence[Path]) -> str:
    """An end for the names of files that are moved aside, which none has yet."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    ends = (f".{name}-{stamp}" + (f".{n}" if n else "") for n in count())
    return next(end for end in ends if not any(Path(f"{to}{end}").exists() for to in places))


def _near(wanted: Sequence[tuple[Path, Path]], end: str) -> list[Move]:
    """Bring all files near their places, or none; raises OSError."""
    near: list[tuple[Path, Path]] = []
    try:
        for new, to in wanted:
            near.append((come_near(new, to), to))
    except OSError:
        for path, _ in near:
            path.unlink(missing_ok=True)
        raise
    return [Move(str(path), str(to), f"{to}{end}") for path, to in near]
