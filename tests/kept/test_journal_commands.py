"""`freizeichen explain` and `records` on a real store, beside an open one and after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.keeping.projector import Projector
from ivr.place.place import Place
from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.values.needs import Need, NeedStep, Skill
from queues.ids import AgentId, CallId, LineId, PlaceId
from queues.store import Kind, NewRow
from tests.kept.told_place import opened, rows, run, told_place, write, write_a_day
from tests.unit.queues.journals import KEPT, read_journal
from tests.unit.queues.scenes import BILLING, EPOCH
from tests.unit.queues.written import Written


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return told_place(tmp_path)


def test_a_call_is_explained_beside_the_service_and_without_it(place: Place) -> None:
    with opened(place) as kept:
        write_a_day(kept)
        beside = run(place, "explain", a_call(place), "--json")
    after = run(place, "explain", a_call(place), "--json")
    assert beside.exit_code == after.exit_code == 0
    assert beside.stdout == after.stdout
    told = json.loads(after.stdout)
    assert [entry["seq"] for entry in told["entries"]] == sorted(
        entry["seq"] for entry in told["entries"]
    )
    assert {"call_queued", "offer_made", "talk_began"} <= {e["what"] for e in told["entries"]}
    assert all(entry["why"] for entry in told["entries"])
    assert {each["waited_for"] for each in told["wait"]} == set(told["waited"])
    offers = [
        entry["anew"]["standing"] for entry in told["entries"] if entry["what"] == "offer_made"
    ]
    assert all(offer["calls"][0]["call"] == a_call(place) for offer in offers)
    text = run(place, "explain", a_call(place))
    assert "where the time of the wait went" in text.stdout
    assert "talking:" in text.stdout


def test_explain_tells_what_a_call_asked_for_when_for_less_and_who_was_excluded_by_what(
    place: Place,
) -> None:
    law, tax = Skill("law", 3), Skill("tax", 2)
    steps = (NeedStep(30.0, "a beginner is better than a wait", lower=1),)
    queue = QueueSetting(BILLING, 20.0, 0.0, 1, need=Need((law, tax), "de"), relax=steps)
    agents = {
        "anna": ((Skill("law", 2), tax), ("de",)),
        "ben": ((law, tax), ("en",)),
        "cleo": ((law,), ("de",)),
    }
    known = tuple(
        AgentSetting(AgentId(name), PlaceId(f"p-{name}"), (BILLING,), *can)
        for name, can in agents.items()
    )
    scene = Written(SettingsLoaded((queue,), known, EPOCH))
    scene.ready(*agents)
    scene.take(QueueEntered(CallId("c1"), LineId("100"), BILLING, credit_s=60.0))
    scene.take(TimerFired(), after=30.0)
    with opened(place) as kept:
        write(kept, scene.rows)
    text = run(place, "explain", "c1").stdout
    asked, relaxed, offered, *full = [line.split("  ", 1)[1] for line in text.splitlines()[1:9]]
    assert asked == (
        "call queued: came over line 100 and waits in queue billing for law 3 and tax 2 and "
        "language de; 60.0 s count as waited"
    )
    assert relaxed == (
        "need relaxed: a beginner is better than a wait; after 30.0 s it asks for law 2 and tax 1 "
        "and language de"
    )
    assert offered.startswith("offer made: anna was the only agent free")
    told = " | ".join(full)
    assert "anna had been idle for 30.0 s: chosen" in told
    assert "ben lacks language de" in told
    assert "cleo lacks skill tax" in told
    entries = json.loads(run(place, "explain", "c1", "--json").stdout)["entries"]
    assert [each["why"] for each in entries[:2]] == [
        asked.removeprefix("call queued: "),
        relaxed.removeprefix("need relaxed: "),
    ]


def test_each_decision_is_asked_again_and_an_altered_or_outlived_one_is_said_to_be(
    place: Place,
) -> None:
    with opened(place) as kept:
        write_a_day(kept)
    call = a_call(place)
    query = f"SELECT seq, payload FROM journal WHERE type = 'offer_made' AND subject = '{call}'"
    seq, payload = rows(place, query)[-1]

    def anew() -> dict[str, Any]:
        told = json.loads(run(place, "explain", call, "--json").stdout)
        found: dict[str, Any] = next(e["anew"] for e in told["entries"] if e["seq"] == seq)
        return found

    def alter(**fields: Any) -> None:
        changed = json.dumps(json.loads(payload) | fields)
        rows(place, f"UPDATE journal SET payload = '{changed}' WHERE seq = {seq}")

    assert anew()["verdict"] == "same"
    assert any("chosen" in line for line in anew()["full"])
    alter(candidates=99)
    assert anew()["verdict"] == "differs"
    assert anew()["differs_in"] == ["candidates"]
    assert "decides OTHERWISE: it differs in candidates" in run(place, "explain", call).stdout
    alter(policy="longest-wait/0")
    assert anew()["verdict"] == "policy_gone"
    assert "this is the recorded reason: longest-wait/0" in run(place, "explain", call).stdout


def test_a_call_of_these_days_is_explained_without_the_file_of_an_old_one(place: Place) -> None:
    first = read_journal(KEPT[0])[0].at
    with opened(place) as kept:
        write_a_day(kept, old=NewRow(first - 30 * 86_400, Kind.INPUT, "timer_fired", 1, "", "{}"))
        [day] = kept.store.close_days(first + 3600, ZoneInfo("UTC"))
    told = json.loads(run(place, "explain", a_call(place), "--json").stdout)
    file = place.run_folder / "store/journal" / day.file
    file.rename(file.with_suffix(".away"))
    result = run(place, "explain", a_call(place), "--json")
    assert result.exit_code == 0
    without = json.loads(result.stdout)
    for entry in (*told["entries"], *without["entries"]):
        entry.pop("anew")
    assert told.pop("wait")
    assert told.pop("waited")
    assert (without.pop("wait"), without.pop("waited")) == ([], {})  # not known without the file
    assert without == told
    assert result.stderr.count("note: left out") == 1
    assert day.file in result.stderr
    unknown = run(place, "explain", "1700000000.99")
    assert (unknown.exit_code, "tells of no call" in unknown.output) == (1, True)


def test_times_are_shown_in_the_sites_zone(place: Place) -> None:
    with opened(place) as kept:
        write_a_day(kept)
    told = json.loads(run(place, "explain", a_call(place), "--json").stdout)
    assert all(entry["at"].endswith("+02:00") for entry in told["entries"])


def a_call(place: Place) -> str:
    """A call that was talked with."""
    found = rows(place, "SELECT subject FROM journal WHERE type = 'talk_began' ORDER BY seq")
    return str(found[0][0])


def test_a_call_that_nobody_knows_is_said_to_be_unknown(place: Place) -> None:
    with opened(place) as kept:
        write_a_day(kept)
    for unknown in ("1700000000.99", "", "anna", "\x1b[31mred", "9" * 1000):
        result = run(place, "explain", unknown)
        assert result.exit_code == 1
        assert "tells of no call" in result.output
        assert "\x1b" not in result.output
        assert len(result.output) < 200


def test_records_are_made_again_from_the_journal_alone(place: Place) -> None:
    with opened(place) as kept:
        write_a_day(kept)
        Projector(kept.store).follow()
        made = kept.store.records.calls(0.0, 1e12)
        beside = run(place, "records", "rebuild")
    assert (beside.exit_code, len(made) > 30) == (1, True)
    assert "another service uses it" in beside.output
    rows(place, "DELETE FROM ended_calls WHERE outcome = 'talked'")
    result = run(place, "records", "rebuild")
    assert result.exit_code == 0, result.output
    assert f"{len(made)} calls" in result.stdout
    with opened(place) as kept:
        assert kept.store.records.calls(0.0, 1e12) == made


def test_without_a_store_the_commands_say_what_to_do(place: Place) -> None:
    for words in (["explain", "1.1"], ["replay"], ["records", "rebuild"]):
        result = run(place, *words)
        assert result.exit_code == 1
        assert "start the service once" in result.output
        assert "Traceback" not in result.output
