"""How the view's rows are shown by the REST part: the stream's shape, and durations as of now."""

from datetime import UTC, datetime

from queues.api.schema import AgentOut, CallOut, CardEntryOut, MissedCallOut, QueueOut
from queues.cards import CardEntry
from queues.centre.inputs.calls import MissCause
from queues.centre.lives.call import WITH_AGENT
from queues.dialogues import DialogueRow
from queues.record_rows import MissedCall
from queues.view import AgentRow, CallRow, QueueRow


def agent_out(row: AgentRow) -> AgentOut:
    """Give an agent as the API shows it."""
    return AgentOut.model_validate(row.json())


def call_out(row: CallRow | DialogueRow, now: float) -> CallOut:
    """Give a call as the API shows it, with its wait as of `now` (Unix seconds)."""
    if isinstance(row, DialogueRow):
        return CallOut(
            id=row.call,
            line=row.line,
            queue=None,
            state=row.state,
            since=datetime.fromtimestamp(row.since, tz=UTC),
            state_since=datetime.fromtimestamp(row.state_since, tz=UTC),
            waited_s=None,
            agent=None,
            rests_until=None,
            hops=0,
            owner=None,
            need=None,
            need_steps=0,
            need_until=None,
            waits_for=None,
            credit_s=0.0,
            consult=None,
            talk_from=None,
            talk_by=None,
        )
    waited = None if row.state in WITH_AGENT else max(0.0, now - row.since)
    return CallOut.model_validate(row.json() | {"waited_s": waited})


def card_entry_out(entry: CardEntry) -> CardEntryOut:
    """Give one answer of a caller as the API shows it."""
    return CardEntryOut(
        at=None if entry.at is None else datetime.fromtimestamp(entry.at, tz=UTC),
        node=entry.node,
        by=entry.by,
        said=entry.said,
        led_to=entry.led_to,
    )


def queue_out(row: QueueRow, now: float, next_s: tuple[float, float] | None) -> QueueOut:
    """Give a queue as the API shows it, with its longest wait as of `now` (Unix seconds).

    `next_s` is the range that who came now would be told.
    """
    low_s, high_s = (None, None) if next_s is None else next_s
    longest = None if row.oldest_since is None else max(0.0, now - row.oldest_since)
    return QueueOut.model_validate(
        row.json() | {"longest_wait_s": longest, "next_low_s": low_s, "next_high_s": high_s}
    )


def missed_call_out(row: MissedCall) -> MissedCallOut:
    """Give a missed call as the API shows it."""
    return MissedCallOut(
        id=row.call,
        line=row.line,
        at=datetime.fromtimestamp(row.called_at, tz=UTC),
        noted_at=datetime.fromtimestamp(row.noted_at, tz=UTC),
        cause=MissCause(row.cause),
        contact=row.contact,
    )
