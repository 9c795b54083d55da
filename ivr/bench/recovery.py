"""What a killed service costs its callers, how soon an agent's phone rings, and how much is kept.

Beside the time from an agent's readiness to the ring stands Asterisk's own `Queue()`.
"""

from __future__ import annotations

from ivr.bench.progress import Tell
from ivr.bench.recovery_journal import journal_rows
from ivr.bench.recovery_kills import kill_rows
from ivr.bench.recovery_memory import memory_rows
from ivr.bench.recovery_ringing import ringing_rows
from ivr.bench.recovery_site import killable_site
from ivr.bench.table import Row


def run_recovery(*, quick: bool, tell: Tell) -> list[Row]:
    """Kills under a crowd, readiness to ring, a long journal, many calls. Raises `BenchFailed`."""
    with killable_site() as site:
        rows = kill_rows(site, quick=quick, tell=tell)
    with killable_site() as site:
        rows += ringing_rows(site, quick=quick, tell=tell)
    rows += journal_rows(quick=quick, tell=tell)
    tell("memory over many calls")
    return [*rows, *memory_rows(quick=quick)]
