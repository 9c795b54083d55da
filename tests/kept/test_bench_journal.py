"""The journal that a bench has read back is one that a service could have written."""

from __future__ import annotations

from pathlib import Path

from ivr.bench.recovery_journal import write_journal
from ivr.keeping.journal import as_rows
from queues.centre.journal.codec import read_fact, read_input
from queues.centre.recovery import recover
from queues.store import Kind, StoreView


def test_the_journal_that_is_recovered_is_a_day_that_the_centre_decided(tmp_path: Path) -> None:
    write_journal(tmp_path, 1_000)
    view = StoreView(f"sqlite:///{tmp_path}/store.db", days_folder=tmp_path / "journal")
    try:
        rows = list(as_rows(view.journal.rows()))
        centre = recover(None, as_rows(view.journal.rows(kinds=(Kind.FACT,))))
    finally:
        view.close()
    facts = [read_fact(row) for row in rows if row.kind == "fact"]
    assert len(facts) >= 1_000
    assert sum(read_input(row) is not None for row in rows if row.kind == "input") > 500
    assert {"call_queued", "offer_made", "talk_began", "talk_ended", "call_closed"} <= {
        fact.TYPE for fact in facts
    }
    assert len(centre.calls) >= 100
