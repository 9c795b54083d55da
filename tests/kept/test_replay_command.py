"""`freizeichen replay` on a real store: each row that somebody altered is named, and no value."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.keeping.projector import Projector
from ivr.place.place import Place
from tests.kept.told_place import opened, rows, run, told_place, write_a_day

SENTINEL = "+4930998877"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A day that nobody has altered."""
    place = told_place(tmp_path_factory.mktemp("written"))
    with opened(place) as kept:
        write_a_day(kept)
        Projector(kept.store).follow()
    return place


@pytest.fixture
def place(written: Place, tmp_path: Path) -> Place:
    """A copy of it, to be altered."""
    copy = told_place(tmp_path)
    copy.run_folder.rmdir()
    shutil.copytree(written.run_folder, copy.run_folder)
    return copy


def one(place: Place, query: str) -> int:
    return int(rows(place, query)[0][0])


def an_input_without_facts(place: Place) -> int:
    """In the midst, and later than the row before it."""
    return one(
        place,
        "SELECT a.seq FROM journal a JOIN journal b ON b.seq = a.seq + 1 "
        "JOIN journal c ON c.seq = a.seq - 1 WHERE a.kind = 'input' AND b.kind = 'input' "
        "AND a.type = 'place_changed' AND c.at < a.at ORDER BY a.seq DESC",
    )


def an_input_with_facts(place: Place) -> int:
    return one(place, "SELECT max(seq) - 1 FROM journal WHERE type = 'call_queued'")


def a_decision(place: Place) -> int:
    return one(place, "SELECT max(seq) FROM journal WHERE type = 'offer_made'")


def test_a_journal_that_nobody_altered_holds_and_it_is_said_what_that_proves(place: Place) -> None:
    count = one(place, "SELECT count(*) FROM journal")
    result = run(place, "replay", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["differences"], report["misfits"], report["cut_after"]) == (0, 0, None)
    assert (report["inputs"] + report["facts"], report["facts"] > 100) == (count, True)
    assert report["seals"] == {
        "fitting": count,
        "without": 0,
        "unproved": 0,
        "sealed_from": 1,
        "broken": 0,
        "shown_broken": [],
    }
    text = run(place, "replay").stdout
    assert f"seals: {count} rows fit theirs" in text
    assert "It does not prove" in text


def test_one_recorded_decision_that_was_altered_is_one_difference(place: Place) -> None:
    seq, payload = rows(
        place, "SELECT seq, payload FROM journal WHERE type = 'call_closed' ORDER BY seq"
    )[0]
    altered = json.loads(payload) | {"in_centre_s": 1.5}
    rows(place, f"UPDATE journal SET payload = '{json.dumps(altered)}' WHERE seq = {seq}")
    result = run(place, "replay", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["differences"], report["shown"][0]["seq"]) == (1, seq)
    assert report["shown"][0]["fields"] == ["in_centre_s"]
    assert f"row {seq}: call_closed differs in in_centre_s" in run(place, "replay").stdout


ALTERED = {
    "what an input says, which leads to nothing": (
        an_input_without_facts,
        f"payload = replace(payload, 'free', '{SENTINEL}')",
    ),
    "the payload's spelling": (an_input_without_facts, "payload = payload || ' '"),
    "the time of an input that leads to nothing": (an_input_without_facts, "at = at - 0.000001"),
    "what an input says, which leads to facts": (
        an_input_with_facts,
        f"payload = json_set(payload, '$.line', '{SENTINEL}')",
    ),
    "what an input is about": (an_input_with_facts, f"subject = '{SENTINEL}'"),
    "the time of an input": (an_input_with_facts, "at = at - 3600"),
    "the epoch of an input": (an_input_with_facts, "epoch = epoch - 1"),
    "the machine": (an_input_with_facts, f"node = '{SENTINEL}'"),
    "the kind": (an_input_with_facts, "kind = 'lost'"),
    "the version": (an_input_with_facts, "version = 9"),
    "a decision": (a_decision, "payload = json_set(payload, '$.candidates', 99)"),
    "what a decision is about": (a_decision, f"subject = '{SENTINEL}'"),
    "the time of a decision": (a_decision, "at = at + 1"),
    "the time that a decision tells": (a_decision, "payload = json_set(payload, '$.at', 1.5)"),
    "the epoch of a decision": (a_decision, "epoch = epoch + 1"),
    "the type of a decision": (a_decision, f"type = '{SENTINEL}'"),
    "the time of an input, to a word": (an_input_without_facts, f"at = '{SENTINEL} or so'"),
    "the time of an input that led to facts, to a word": (an_input_with_facts, "at = 'soon'"),
    "the epoch of a decision, to a word": (a_decision, "epoch = 'soon'"),
    "what an input says, to bytes": (an_input_without_facts, "payload = x'fffe00'"),
    "the machine, to bytes": (an_input_without_facts, "node = x'fffe00'"),
    "what a decision is about, to bytes": (a_decision, "subject = x'fffe00'"),
    "the type of a decision, to bytes": (a_decision, "type = x'fffe00'"),
    "the version of a decision, to a word": (a_decision, "version = 'one'"),
    "its seal, to bytes": (a_decision, "seal = x'fffe00'"),
    "its seal": (a_decision, "seal = 'a0' || substr(seal, 3)"),
    "its seal, taken away": (a_decision, "seal = NULL"),
    "its seal, for another's": (a_decision, "seal = (SELECT seal FROM journal WHERE seq = 1)"),
}


@pytest.mark.parametrize(("which", "how"), ALTERED.values(), ids=ALTERED.keys())
def test_a_row_of_which_anything_was_altered_is_named(
    place: Place, which: Callable[[Place], int], how: str
) -> None:
    seq = which(place)
    rows(place, f"UPDATE journal SET {how} WHERE seq = {seq}")
    result = run(place, "replay")
    assert result.exit_code == 1
    assert f"row {seq}: " in result.output or f"row {seq} of the journal" in result.output
    assert SENTINEL not in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("seq", [0, -5, 2**63 - 1])
def test_a_row_put_before_the_first_or_far_behind_the_last_is_seen(place: Place, seq: int) -> None:
    last = one(place, "SELECT max(seq) FROM journal")
    rows(
        place,
        "INSERT INTO journal SELECT "
        f"{seq}, at, epoch, node, kind, type, version, subject, payload, seal "
        f"FROM journal WHERE seq = {last}",
    )
    result = run(place, "replay")
    assert result.exit_code == 1
    assert f"row {seq} of the journal" in result.output or f"rows {last + 1} to " in result.output


def test_two_rows_that_changed_places_are_both_named(place: Place) -> None:
    seq = an_input_without_facts(place)
    rows(place, f"UPDATE journal SET seq = 0 WHERE seq = {seq}")
    rows(place, f"UPDATE journal SET seq = {seq} WHERE seq = {seq + 1}")
    rows(place, f"UPDATE journal SET seq = {seq + 1} WHERE seq = 0")
    result = run(place, "replay", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["seals"]["shown_broken"] == [seq, seq + 1]


def test_a_row_that_is_gone_is_named_also_at_the_end(place: Place) -> None:
    last = one(place, "SELECT max(seq) FROM journal")
    rows(place, f"DELETE FROM journal WHERE seq > {last - 3}")
    result = run(place, "replay")
    assert result.exit_code == 1
    assert f"rows behind row {last - 3} are missing" in result.output
    rows(place, "DELETE FROM journal WHERE seq = 50")
    result = run(place, "replay")
    assert result.exit_code == 1
    assert "rows 50 to 50 of the journal are missing" in result.output


def without_note(place: Place, *, with_the_people: bool = True) -> None:
    """As a release left it that did not note which row was the first with a seal."""
    rows(place, "DELETE FROM meta WHERE name = 'sealed_from'")
    if with_the_people:
        with closing(sqlite3.connect(place.run_folder / "people/people.db")) as people:
            people.execute("DELETE FROM people_meta WHERE name = 'sealed_from'")
            people.commit()


def seals_of(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(place, "replay", "--json").stdout)["seals"]
    return found


def test_rows_from_before_there_were_seals_are_counted_and_nothing_is_said_of_them(
    place: Place,
) -> None:
    without_note(place)
    rows(place, "UPDATE journal SET seal = NULL WHERE seq <= 40")
    with opened(place):
        pass
    result = run(place, "replay", "--json")
    assert result.exit_code == 0, result.output
    seals = json.loads(result.stdout)["seals"]
    assert (seals["without"], seals["broken"], seals["sealed_from"]) == (40, 0, 41)
    rows(place, "UPDATE journal SET seal = NULL WHERE seq <= 43")
    assert run(place, "replay").exit_code == 1
    seals = seals_of(place)
    assert (seals["without"], seals["shown_broken"]) == (40, [41, 42, 43])


def test_a_store_whose_rows_are_all_from_before_is_sealed_from_its_next_row_on(
    place: Place,
) -> None:
    without_note(place)
    rows(place, "UPDATE journal SET seal = NULL")
    last = one(place, "SELECT max(seq) FROM journal")
    with opened(place):
        pass
    assert run(place, "replay").exit_code == 0
    assert seals_of(place)["sealed_from"] == last + 1


@pytest.mark.parametrize("which", ["seq <= 40", "seq > 0"])
def test_rows_whose_seals_were_taken_off_from_the_first_on_are_named(
    place: Place, which: str
) -> None:
    seq = an_input_without_facts(place)
    rows(place, f"UPDATE journal SET at = at - 0.000001 WHERE seq = {seq}")
    rows(place, f"UPDATE journal SET seal = NULL WHERE {which} OR seq = {seq}")
    count = one(place, "SELECT count(*) FROM journal WHERE seal IS NULL")
    result = run(place, "replay")
    assert result.exit_code == 1
    assert "row 1: was altered" in result.stdout
    seals = seals_of(place)
    assert (seals["without"], seals["broken"]) == (0, count)


@pytest.mark.parametrize(
    "how",
    [
        "DELETE FROM meta WHERE name = 'sealed_from'",
        "UPDATE meta SET value = replace(value, '1 ', '41 ') WHERE name = 'sealed_from'",
        "UPDATE meta SET value = '¹ ä' WHERE name = 'sealed_from'",
    ],
)
def test_with_the_note_of_the_first_seal_gone_or_altered_rows_without_one_are_not_proved(
    place: Place, how: str
) -> None:
    rows(place, how)
    assert run(place, "replay").exit_code == 0  # each row has its seal
    rows(place, "UPDATE journal SET seal = NULL WHERE seq <= 40")
    result = run(place, "replay")
    assert result.exit_code == 1
    assert "not proved: " in result.stdout
    assert seals_of(place)["unproved"] == 40


def test_a_start_puts_the_note_of_the_first_seal_back_and_makes_none_for_rows_stripped_since(
    place: Place,
) -> None:
    without_note(place, with_the_people=False)
    rows(place, "UPDATE journal SET seal = NULL WHERE seq <= 40")
    with opened(place):
        pass
    seals = seals_of(place)
    assert (seals["sealed_from"], seals["without"], seals["broken"]) == (1, 0, 40)


def test_a_start_leaves_a_note_of_the_first_seal_that_is_not_ours_as_it_is(place: Place) -> None:
    without_note(place)
    rows(place, "INSERT INTO meta VALUES ('sealed_from', '41 0011223344556677')")
    with opened(place):
        pass
    rows(place, "UPDATE journal SET seal = NULL WHERE seq <= 40")
    assert run(place, "replay").exit_code == 1
    assert seals_of(place)["unproved"] == 40


def test_a_closed_day_that_was_packed_anew_after_an_alteration_is_found_by_its_seals(
    place: Place,
) -> None:
    at = rows(place, "SELECT max(at) FROM journal")[0][0]
    with opened(place) as kept:
        [day] = kept.store.close_days(at + 30 * 86_400, ZoneInfo("UTC"))
    assert run(place, "replay").exit_code == 0
    file = place.run_folder / "store/journal" / day.file
    head, *lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    lines[6] = lines[6].replace(b"free", b"in_use")  # row 7
    lines[-1:] = []
    digest = hashlib.sha256(b"".join([head, *lines])).hexdigest()
    end = json.dumps({"sha256": digest}).encode() + b"\n"
    file.write_bytes(gzip.compress(b"".join([head, *lines, end])))
    rows(place, f"UPDATE closed_days SET sha256 = '{digest}'")
    result = run(place, "replay")
    assert result.exit_code == 1
    assert "row 7: was altered" in result.output


def test_without_the_key_it_is_said_that_seals_were_not_checked(place: Place) -> None:
    (place.run_folder / "people/store.key").unlink()
    result = run(place, "replay")
    assert result.exit_code == 1
    assert "0 differences" in result.output
    assert "seals were not checked" in result.output


def test_an_input_that_cannot_be_read_keeps_no_start_and_a_replay_names_it(place: Place) -> None:
    with opened(place) as kept:
        calls = set(kept.centre.calls)
    (seq,) = rows(place, "SELECT min(seq) FROM journal WHERE kind = 'input' AND seq > 1")[0]
    rows(place, f"UPDATE journal SET payload = '{{' WHERE seq = {seq}")
    with opened(place) as kept:
        assert set(kept.centre.calls) == calls
    replayed = run(place, "replay")
    assert replayed.exit_code != 0
    assert f"row {seq}" in replayed.output
