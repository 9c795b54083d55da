"""The simulated day of the bench: every caller is served by the real centre, journal and store."""

from __future__ import annotations

from pathlib import Path

from ivr.bench.recovery_memory import serve_calls
from queues.store import StoreView


def test_every_simulated_caller_is_queued_and_gone_and_memory_is_read_in_between(
    tmp_path: Path,
) -> None:
    read = serve_calls(tmp_path, 400)
    assert [each.calls for each in read] == list(range(20, 401, 20))
    assert all(each.resident_kb > 10_000 and each.pieces > 10_000 for each in read)
    view = StoreView(f"sqlite:///{tmp_path}/store.db", days_folder=tmp_path)
    types = [row.type for row in view.journal.rows()]
    view.close()
    assert types.count("call_queued") == types.count("call_ended") == 400
    assert types.count("talk_began") >= 300
    assert types.count("call_returned") > 50  # talks that the agent ended
