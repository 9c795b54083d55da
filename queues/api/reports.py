"""What is read from the records, and so lies on the disk: a thread asks, the loop goes on."""

import asyncio
import re
from collections.abc import Callable
from typing import Final

from fastapi import APIRouter

from queues.api.asking import Cursor, Limit, problems, signed_in_router
from queues.api.problems import CURSOR_UNKNOWN, STORE_UNAVAILABLE, Refused
from queues.api.rows import missed_call_out
from queues.api.schema import MissedCallsOut
from queues.api.sign_in import SignIn
from queues.record_rows import MissedCall
from queues.store.errors import StoreError
from queues.store.records import RowAhead

ReadMissed = Callable[[int, int | None], tuple[MissedCall, ...]]
_CURSOR: Final = re.compile(r"m([1-9][0-9]{0,17})", re.ASCII)


def report_routes(sign_in: SignIn, read_missed: ReadMissed) -> APIRouter:
    """Reports. `read_missed` takes how many, and the journal's row before which; it may block."""
    router = signed_in_router(sign_in)

    @router.get("/reports/missed", tags=["reports"], responses=problems(400, 422, 503))
    async def missed(limit: Limit = 50, cursor: Cursor = None) -> MissedCallsOut:
        """Calls that ended while nobody decided here, the last noted first, page by page.

        Never a number: `contact` is a random id, the same for each call from one number.
        """
        before = None if cursor is None else _before(cursor)
        try:
            rows = await asyncio.to_thread(read_missed, limit + 1, before)
        except RowAhead:  # of no page that we gave out, or of records that are being made anew
            raise Refused(CURSOR_UNKNOWN) from None
        except StoreError:
            raise Refused(STORE_UNAVAILABLE) from None
        shown = rows[:limit]
        return MissedCallsOut(
            missed=[missed_call_out(row) for row in shown],
            next=f"m{shown[-1].seq}" if len(rows) > limit else None,
        )

    return router


def _before(cursor: str) -> int:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise Refused(CURSOR_UNKNOWN)
    return int(found[1])
