"""`freizeichen records`: makes what reports read once more, from the journal alone."""

from __future__ import annotations

import typer

from ivr.cannot_start import CannotStart
from ivr.cli.output import complain, say
from ivr.kept import days_folder, open_store, store_url
from ivr.place import SettingsOption, find_place
from ivr.projector import Projector
from ivr.settings import SettingsFaulty, load_settings
from queues.centre.row_faults import RowFault
from queues.reports import VERSION
from queues.store import StoreError, StoreView

app = typer.Typer(help="What reports are made of: a record for each call, offer, missed call.")


@app.callback()
def _group() -> None:
    """What reports are made of: a record for each call, offer, missed call."""


@app.command("rebuild")
def rebuild(settings: SettingsOption = None) -> None:
    """Delete all records and make them again; not while a service runs.

    A start does the same by itself after an upgrade that changed what records are made.
    """
    place = find_place(settings)
    try:
        loaded = load_settings(place.settings_file)
        # Only what is there already, and of this version: a rebuild makes and upgrades no store.
        StoreView(store_url(loaded, place), days_folder=days_folder(place)).close()
        store = open_store(loaded, place)
        try:
            store.records.clear()
            Projector(store).follow()
            rows = store.records.position(VERSION).seq
            say(f"records made of {rows} rows of the journal: {store.records.counts()}")
        finally:
            store.close()
    except SettingsFaulty as error:
        complain("the settings cannot be used:\n" + "\n".join(error.faults))
    except (StoreError, RowFault, CannotStart) as error:
        complain(str(error))
    else:
        return
    raise typer.Exit(1)
