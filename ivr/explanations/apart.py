"""An explanation made in a process of its own, so that the loop carries sound meanwhile.

What to explain goes in by standard input, because an address of a store may hold a password; the
explanation comes out as JSON, null for a call of which the journal tells nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from ivr.explanations.explaining import as_json, explain_call
from ivr.keeping.kept import days_folder, store_url
from ivr.place.place import Place
from ivr.settings.settings import Settings
from queues.centre.journal.row_faults import RowFault
from queues.ids import CallId
from queues.store import StoreError, StoreUnavailable, StoreView, Trouble

_FAILED: Final = 3


@dataclass(frozen=True, slots=True)
class ExplainApart:
    """Explains calls of one store; to be called by the API."""

    url: str
    days_folder: Path
    zone: str

    @classmethod
    def of(cls, settings: Settings, place: Place) -> ExplainApart:
        """For the store of a place."""
        return cls(store_url(settings, place), days_folder(place), settings.site.zone)

    async def __call__(self, call: CallId) -> Mapping[str, Any] | None:
        """Give the explanation as JSON values; raises `StoreUnavailable`. Ends with its caller."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # nothing from the folder that we happen to be in
            "-m",
            __name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        asked = {"url": self.url, "days": str(self.days_folder), "zone": self.zone, "call": call}
        try:
            told, _ = await process.communicate(json.dumps(asked).encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise StoreUnavailable("the journal", Trouble.FAILED)
        found: Mapping[str, Any] | None = json.loads(told)
        return found


def main() -> int:
    """Answer the one question that stands on standard input."""
    asked = json.loads(sys.stdin.read())
    try:
        view = StoreView(asked["url"], days_folder=Path(asked["days"]))
        try:
            zone = ZoneInfo(asked["zone"])
            found = explain_call(view, CallId(asked["call"]), zone, lambda _: None)
        finally:
            view.close()
    except (StoreError, RowFault):
        return _FAILED
    sys.stdout.write(json.dumps(as_json(found) if found.way.entries else None))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
