"""What a killed service costs its callers, how soon a journal is read back, how soon agents ring.

Beside the time from an agent's readiness to the ring stands Asterisk's own `Queue()`.
"""

from __future__ import annotations

from ivr.bench.progress import Tell
from ivr.bench.recovery_journal import journal_rows
from ivr.bench.recovery_kills import kill_rows
from ivr.bench.recovery_ringing import ringing_rows
from ivr.bench.recovery_site import killable_site
from ivr.bench.table import Row


def run_recovery(*, quick: bool, tell: Tell) -> list[Row]:
    """Kills under a crowd, readiness to ring, and a long journal. Raises `BenchFailed`."""
    with killable_site() as site:
        rows = kill_rows(site, quick=quick, tell=tell)
    with killable_site() as site:
        rows += ringing_rows(site, quick=quick, tell=tell)
    return [*rows, *journal_rows(quick=quick, tell=tell)]
