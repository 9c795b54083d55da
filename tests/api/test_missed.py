"""API: missed calls, from the records of a real store, page by page and without a number."""

from pathlib import Path

import pytest

from queues.store import MissedCall, Position, Store
from tests.api.service import Service

PATH = "/api/v1/reports/missed"
NUMBER = "+4930998877"


def note(store: Store, *seqs: int) -> None:
    contact = store.vault.contact_of("phone", NUMBER, create=True)
    rows = [
        MissedCall(seq, f"call-{seq}", "100", 1_000.0 + seq, 2_000.0, "no_service", contact)
        for seq in seqs
    ]
    store.records.add(store.records.position(1), Position(1, max(seqs), "{}"), missed=rows)


async def test_missed_calls_are_told_with_line_time_cause_and_contact(store: Store) -> None:
    service = Service(missed=store.records.missed)
    note(store, 7)
    async with service.signed_in() as client:
        answer = await client.get(PATH)
    assert answer.status_code == 200
    contact = store.vault.contact_of("phone", NUMBER)
    assert answer.json() == {
        "missed": [
            {
                "id": "call-7",
                "line": "100",
                "at": "1970-01-01T00:16:47Z",
                "noted_at": "1970-01-01T00:33:20Z",
                "cause": "no_service",
                "contact": contact,
            }
        ],
        "next": None,
    }
    assert NUMBER[-4:] not in answer.text.replace(str(contact), "")


async def test_pages_go_from_the_last_noted_to_the_first_whatever_comes_meanwhile(
    store: Store,
) -> None:
    service = Service(missed=store.records.missed)
    note(store, 1, 2, 3, 4, 5)
    async with service.signed_in() as client:
        first = (await client.get(PATH, params={"limit": 2})).json()
        note(store, 9)
        second = (await client.get(PATH, params={"limit": 2, "cursor": first["next"]})).json()
        third = (await client.get(PATH, params={"limit": 2, "cursor": second["next"]})).json()
    shown = [[row["id"] for row in each["missed"]] for each in (first, second, third)]
    assert shown == [["call-5", "call-4"], ["call-3", "call-2"], ["call-1"]]
    assert third["next"] is None


async def test_a_cursor_from_beyond_all_that_was_told_is_none_of_ours(store: Store) -> None:
    note(store, 1, 2, 3)
    async with Service(missed=store.records.missed).signed_in() as client:
        for cursor in ("m4", "m" + "9" * 18):
            answer = await client.get(PATH, params={"cursor": cursor})
            assert (answer.status_code, answer.json()["code"]) == (400, "cursor-unknown")
            assert answer.headers["Content-Type"] == "application/problem+json"
        last = await client.get(PATH, params={"cursor": "m1"})
    assert (last.status_code, last.json()["missed"]) == (200, [])


async def test_a_page_whose_calls_were_deleted_meanwhile_is_empty(store: Store) -> None:
    note(store, 1, 2, 3)
    store.records.expire(1e12, keep_s=-1.0)
    async with Service(missed=store.records.missed).signed_in() as client:
        answer = await client.get(PATH, params={"cursor": "m3"})
    assert (answer.status_code, answer.json()["missed"]) == (200, [])


@pytest.mark.parametrize("cursor", ["", "m", "m0", "5", "m-1", "m1.5", "m٣", "m" + "9" * 30])
async def test_a_cursor_that_is_none_of_ours_is_refused(store: Store, cursor: str) -> None:
    async with Service(missed=store.records.missed).signed_in() as client:
        answer = await client.get(PATH, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor-unknown")


async def test_while_the_store_cannot_be_read_that_is_said_and_when_to_ask_again(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "home/store.db").rename(tmp_path / "home/away.db")
    async with Service(missed=store.records.missed).signed_in() as client:
        answer = await client.get(PATH)
    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert str(tmp_path) not in answer.text
