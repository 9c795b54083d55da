"""How the centre comes back after a start: the last snapshot, then every fact after it.

Nothing is decided here. What was decided and never written is not known any more; what became of it
outside is looked up in the switch afterwards. Where rows are missing, what follows is left until
the whole state stands there again: an older state that is whole is better than one that is not.
Whoever goes on from there writes the whole state first, or the next start leaves all that follows.
"""

from collections.abc import Iterable

from queues.centre.apply import apply
from queues.centre.facts.house import HistoryLost
from queues.centre.journal.codec import read_fact
from queues.centre.journal.row import JournalRow
from queues.centre.journal.row_faults import FactDoesNotApply
from queues.centre.journal.snapshot import from_snapshot
from queues.centre.state import Centre
from queues.centre.values.json_values import Snapshot


def recover(snapshot: Snapshot | None, rows: Iterable[JournalRow]) -> Centre:
    """Give the centre after a snapshot and the rows that came after it, in order; inputs are left.

    Raises `SnapshotUnreadable`, `RowUnreadable` and `FactDoesNotApply`, the last two with the
    number of the row. A fact that was in the snapshot already does not apply a second time.
    """
    return follow(snapshot, rows).centre


def follow(snapshot: Snapshot | None, rows: Iterable[JournalRow]) -> "Following":
    """Recover as `recover` does, and tell whether it ended whole."""
    following = Following(Centre() if snapshot is None else from_snapshot(snapshot))
    for row in rows:
        following.take(row)
    return following


class Following:
    """A centre that follows the rows of a journal, one after the other.

    While `is_whole` is False rows are missing, so many as `missing` counts, and only the whole
    state, written anew, helps.
    """

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.is_whole = True
        self.missing = 0

    def take(self, row: JournalRow) -> None:
        """Take the next row; raises `RowUnreadable` and `FactDoesNotApply`."""
        if row.kind == "lost":
            self.is_whole = False
            told = row.payload.get("rows")
            self.missing += told if isinstance(told, int) else 1
        elif row.kind == "fact" and (self.is_whole or row.type == HistoryLost.TYPE):
            apply_row(self.centre, row)
            self.is_whole = True
            self.missing = 0


def apply_row(centre: Centre, row: JournalRow) -> None:
    """Apply the fact of one row; raises `RowUnreadable` or `FactDoesNotApply` with its number."""
    fact = read_fact(row)
    try:
        apply(centre, fact)
    except Exception as error:  # whatever is wrong with a row, its number must be known
        raise FactDoesNotApply(
            row.seq,
            f"the fact '{fact.TYPE}' does not follow from the state before it"
            f" ({type(error).__name__}); take an older snapshot and the facts after it",
        ) from error
