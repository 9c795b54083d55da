"""Unit: every input and every fact goes into a row and comes back the same, or is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from queues.centre.facts.agents import AgentBecameReady
from queues.centre.facts.calls import CallQueued
from queues.centre.facts.fact import Fact
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.settings import AgentSetting, SettingsLoaded
from queues.centre.journal import codec
from queues.centre.journal.row import JournalRow
from queues.centre.journal.row_faults import RowUnreadable
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId
from tests.unit.queues.scenes import Scene, settings
from tests.unit.queues.strategies import FACTS, INPUTS, any_of

SENTINEL = "+4930123456"
QUEUED = CallQueued(1000.5, CallId("c1"), LineId("main"), QueueId("billing"), 7, 940.5)
QUICK = hypothesis_settings(max_examples=300, deadline=None, derandomize=True)


def through_text(row: JournalRow) -> JournalRow:
    """What a store does to a payload: JSON text, and back."""
    text = json.dumps(row.payload, allow_nan=False, ensure_ascii=False)
    return replace(row, payload=json.loads(text.encode()))


def a_row(**changed: Any) -> JournalRow:
    return replace(codec.fact_row(QUEUED, seq=41, epoch=1, node="n1"), **changed)


def with_payload(row: JournalRow, **changed: Any) -> JournalRow:
    return replace(row, payload=row.payload | changed)


@QUICK
@given(INPUTS)
def test_every_input_comes_back_the_same(what: Input) -> None:
    row = codec.input_row(what, seq=1, at=5.0, epoch=2, node="n1")
    assert codec.read_input(through_text(row)) == what
    assert (row.type, row.version, row.at) == (what.TYPE, what.VERSION, 5.0)


@QUICK
@given(FACTS)
def test_every_fact_comes_back_the_same(fact: Fact) -> None:
    row = codec.fact_row(fact, seq=1, epoch=2, node="n1")
    assert codec.read_fact(through_text(row)) == fact
    assert (row.type, row.version, row.at) == (fact.TYPE, fact.VERSION, fact.at)


REST = {"skills": [], "languages": [], "occupancy_cap": None}
_FIELDS = (
    "just the fields at, call, credit_s, leave_at, line, need, need_until, number, only, queue"
)


@pytest.mark.parametrize("kind", [*codec.INPUTS.values(), *codec.FACTS.values()])
def test_what_comes_back_has_the_types_of_the_fields(kind: Any) -> None:
    @hypothesis_settings(max_examples=20, deadline=None, derandomize=True)
    @given(any_of(kind))
    def check(what: Any) -> None:
        read = codec.read_input if kind.TYPE in codec.INPUTS else codec.read_fact
        row = (
            codec.input_row(what, seq=1, at=0.0, epoch=1, node="")
            if kind.TYPE in codec.INPUTS
            else codec.fact_row(what, seq=1, epoch=1, node="")
        )
        assert repr(read(through_text(row))) == repr(what)

    check()


def test_no_input_and_fact_share_a_name() -> None:
    assert not codec.INPUTS.keys() & codec.FACTS.keys()


def test_a_number_without_a_fraction_is_read_as_a_time() -> None:
    read = codec.read_fact(with_payload(a_row(), at=1000))
    assert isinstance(read.at, float)


def test_a_row_is_about_its_call_or_else_its_agent_offer_or_place() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    subjects = {fact.TYPE: codec.subject_of(fact) for fact in scene.facts}
    assert subjects == {
        "settings_taken": "",
        "place_noted": "p-anna",
        "agent_became_ready": "anna",
        "call_queued": "c1",
        "offer_made": "c1",
    }


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (a_row(kind="input"), "expected a row of kind 'fact'"),
        (a_row(type="call_lost"), "no fact of type 'call_lost' is known"),
        (a_row(type=SENTINEL), r"no fact of type \(not a name\) is known"),
        (a_row(version=99), "'call_queued' has a version that is not known"),
        (a_row(version=0), "'call_queued' has a version that is not known"),
        (with_payload(a_row(), call=3), "expected call to be a string"),
        (with_payload(a_row(), number=SENTINEL), "expected number to be a whole number"),
        (with_payload(a_row(), number=True), "expected number to be a whole number"),
        (with_payload(a_row(), at=False), "expected at to be a finite number"),
        (with_payload(a_row(), at=float("nan")), "expected at to be a finite number"),
        (with_payload(a_row(), at=10**400), "expected at to be a finite number"),
        (with_payload(a_row(), at=None), "expected at to be a finite number"),
        (with_payload(a_row(), surplus=SENTINEL), _FIELDS),
        (a_row(payload={}), _FIELDS),
        (a_row(payload=[SENTINEL]), "expected the payload to be an object"),
    ],
)
def test_a_row_that_is_not_understood_is_named_with_what_was_expected(
    row: JournalRow, says: str
) -> None:
    with pytest.raises(RowUnreadable, match=says) as raised:
        codec.read_fact(row)
    assert raised.value.seq == 41
    assert str(raised.value).startswith("row 41: ")
    assert SENTINEL not in f"{raised.value!r} {raised.value.__cause__!r}"


@pytest.mark.parametrize(
    ("what", "changed", "says"),
    [
        (
            PlaceChanged(PlaceId("p"), PlaceState.FREE),
            {"state": SENTINEL},
            "expected state to be one of unreachable, free, in_use",
        ),
        (
            PlaceChanged(PlaceId("p"), PlaceState.FREE),
            {"state": ["free"]},
            "expected state to be one of unreachable, free, in_use",
        ),
        (
            settings(("anna", ())),
            {"queues": [{"queue": "a", "ring_timeout_s": "x"}]},
            r"expected queues\[0\] to be an object with just the fields",
        ),
        (
            settings(("anna", ())),
            {"agents": [{"agent": "a", "place": "p", "queues": ["q", 3], **REST}]},
            r"expected agents\[0\]\.queues\[1\] to be a string",
        ),
        (settings(("anna", ())), {"agents": "x"}, "expected agents to be a list"),
    ],
)
def test_the_place_of_a_bad_value_is_named_down_to_the_item(
    what: Input, changed: dict[str, Any], says: str
) -> None:
    row = with_payload(codec.input_row(what, seq=3, at=0.0, epoch=1, node=""), **changed)
    with pytest.raises(RowUnreadable, match=says) as raised:
        codec.read_input(row)
    assert SENTINEL not in str(raised.value)


def test_a_value_that_may_be_missing_says_so() -> None:
    scene = Scene()
    scene.ready("anna")
    scene.enter("c1")
    row = codec.fact_row(scene.offers()[0], seq=5, epoch=1, node="")
    with pytest.raises(RowUnreadable, match="expected runner_up to be a string or null"):
        codec.read_fact(with_payload(row, runner_up=5))


def test_what_json_cannot_hold_is_never_written() -> None:
    endless = AgentBecameReady(float("inf"), AgentId("anna"))
    with pytest.raises(ValueError, match="cannot be written down"):
        codec.fact_row(endless, seq=1, epoch=1, node="")
    stray = SettingsLoaded((), (AgentSetting(AgentId("a"), PlaceId("p"), ()),), b"x")
    with pytest.raises(TypeError, match="bytes has no place"):
        codec.input_row(stray, seq=1, at=0.0, epoch=1, node="")


def test_a_row_shows_no_payload() -> None:
    assert "p-anna" not in repr(a_row(subject="", payload={"place": OfferId("p-anna")}))
