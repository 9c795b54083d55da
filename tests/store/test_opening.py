"""Opening: whose the files are, who may write, and what is refused with which words."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ivr.asterisk.account import ordinary_account
from queues.store import (
    NotCommitted,
    Store,
    StoreInUse,
    StoreUnavailable,
    StoreUnusable,
    StoreView,
    Trouble,
    WriterFenced,
)
from tests.folders import open_folder
from tests.store.places import Place, eventually, numbers, row, write
from tests.store.postgres_server import ROOT, PostgresServer, running_server


def test_what_is_made_is_ours_alone(file_place: Place) -> None:
    with file_place.opened() as store:
        write(store, row())
        modes = {path.name: path.stat().st_mode & 0o777 for path in file_place.folder.iterdir()}
    assert file_place.folder.stat().st_mode & 0o777 == 0o700
    assert {"store.db", "store.db-wal", "people.db", "store.key"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_file_that_others_could_read_is_closed_to_them(file_place: Place) -> None:
    file_place.open().close()
    file_place.file.chmod(0o644)
    with file_place.opened():
        assert file_place.file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_can_write_to_is_refused(file_place: Place) -> None:
    file_place.folder.mkdir()
    file_place.folder.chmod(0o777)
    with pytest.raises(StoreUnusable, match=r"home: the folder .* nobody else .*chmod go-w"):
        file_place.open()
    assert list(file_place.folder.iterdir()) == []


def test_a_link_in_the_place_of_the_file_is_refused(file_place: Place, tmp_path: Path) -> None:
    file_place.folder.mkdir(mode=0o700)
    file_place.file.symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(StoreUnusable, match=r"store\.db: is not a file of this account"):
        file_place.open()
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_file_that_is_no_database_is_refused_and_left_alone(file_place: Place) -> None:
    file_place.folder.mkdir(mode=0o700)
    file_place.file.write_text("a shopping list, " * 100)
    with pytest.raises(StoreUnavailable, match=r"store\.db: .*no database.*restore"):
        file_place.open()
    assert file_place.file.read_text().startswith("a shopping list")


@contextmanager
def as_an_ordinary_account(folder: Path) -> Iterator[None]:
    """Let this folder be an ordinary account's that may only read it, and be that account."""
    account = ordinary_account(ROOT)
    me = os.geteuid(), os.getegid()
    for path in (folder, *folder.iterdir()):
        os.chown(path, account.uid, account.gid)
        path.chmod(0o500 if path.is_dir() else 0o400)
    os.setegid(account.gid)
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(me[0])
        os.setegid(me[1])
        folder.chmod(0o700)


@pytest.mark.parametrize("used", [False, True], ids=["new", "used"])
def test_a_folder_that_cannot_be_written_is_refused(used: bool) -> None:
    with open_folder() as above:
        place = Place(above / "home", f"sqlite:///{above / 'home' / 'store.db'}")
        if used:
            place.open().close()
        else:
            place.folder.mkdir()
        with (
            as_an_ordinary_account(place.folder),
            pytest.raises((StoreUnusable, StoreUnavailable), match=r"store\.db.*mend the rights"),
        ):
            place.open()
        assert used or list(place.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "cannot be read; expected sqlite:////folder/store.db"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("mysql://secret:secret@host/base", "kind 'mysql' is not supported"),
        ("postgresql+psycopg://user:secret@host:port/base", "cannot be read; expected sqlite"),
        ("postgresql+nodriver://host/base", "needs a driver; install it with"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(home: Path, url: str, says: str) -> None:
    with pytest.raises(StoreUnusable) as raised:
        Place(home, url).open()
    assert says in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_server_that_does_not_answer_is_named_without_its_password(home: Path) -> None:
    place = Place(home, f"postgresql+psycopg://us:pass-word@/base?host={home}")
    with pytest.raises(StoreUnavailable, match="'base': the server does not answer") as raised:
        place.open()
    assert raised.value.trouble is Trouble.UNREACHABLE
    assert "pass-word" not in str(raised.value)


def test_a_second_service_is_refused_while_the_first_lives(place: Place) -> None:
    with place.opened() as first:
        with pytest.raises(StoreInUse, match=r"another service .*end that one first"):
            place.open()
        write(first, row(1))
        assert numbers(first) == [1]
    with place.opened() as second:
        assert second.epoch == 2


def test_a_file_in_use_says_by_which_process(file_place: Place) -> None:
    with file_place.opened(), pytest.raises(StoreInUse, match=rf"process {os.getpid()}\b"):
        file_place.open()


def test_every_start_draws_the_next_epoch_and_numbers_go_on(place: Place) -> None:
    for start in (1, 2, 3):
        with place.opened(node=f"node-{start}") as store:
            assert (store.epoch, store.last_seq) == (start, start - 1)
            write(store, row(start))
    with place.opened() as store:
        found = [(each.seq, each.epoch, each.node) for each in store.read_journal()]
    assert found == [(1, 1, "node-1"), (2, 2, "node-2"), (3, 3, "node-3")]


def test_the_database_itself_refuses_a_row_of_an_old_epoch(place: Place) -> None:
    place.open().close()
    place.open().close()
    insert = (
        "INSERT INTO journal VALUES (1, 0, {}, 'node', 'fact', 'call_queued', 1, '', '{{}}', '')"
    )
    for epoch in (1, 3):
        with pytest.raises(Exception, match="rows of another epoch are refused"):
            place.say(insert.format(epoch))
    place.say(insert.format(2))


def test_a_writer_that_slept_on_a_file_cannot_come_back(file_place: Place) -> None:
    with file_place.opened() as slept:
        write(slept, row(1))
        for lock in file_place.folder.glob("*.lock"):  # as a hand would that "cleans up"
            lock.unlink()
        with file_place.opened() as next_one:
            write(next_one, row(2))
            refused: list[Exception | None] = []
            slept.journal.submit([row(3)], refused.append)
            assert slept.journal.flush(20)
            assert isinstance(refused[0], WriterFenced)
            assert slept.journal.health().fenced
            assert not slept.journal.health().ok
            write(next_one, row(4))
            assert numbers(next_one) == [1, 2, 4]


def test_a_writer_that_slept_writes_no_dialogue_either(file_place: Place) -> None:
    with file_place.opened() as slept:
        for lock in file_place.folder.glob("*.lock"):
            lock.unlink()
        with file_place.opened() as next_one:
            slept.journal.end_dialogue("call-1")
            assert slept.journal.flush(20)
            assert slept.journal.health().fenced
            assert next_one.dialogues.all() == ()


def stand_by(
    place: Place, give_up: threading.Event, **more: Any
) -> tuple[threading.Thread, list[object]]:
    """Begin to wait as a stand-by, in a thread; what becomes of it is put into the list."""
    assert place.server is not None
    outcome: list[object] = []

    def wait() -> None:
        try:
            outcome.append(place.open(wait=True, give_up=give_up, node="node-b", **more))
        except StoreUnusable as error:
            outcome.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    waiting = (
        "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
        f"WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = '{place.database}'"
    )
    eventually(lambda: place.say(waiting))
    return thread, outcome


@pytest.mark.parametrize("gives_up", [False, True])
def test_a_stand_by_waits_on_while_the_server_is_restarted(home: Path, gives_up: bool) -> None:
    with open_folder() as folder, running_server(folder) as server:
        database = server.new_database()
        place = Place(home, server.url(database), server, database)
        first, give_up = place.open(), threading.Event()
        thread, outcome = stand_by(place, give_up)
        server.stop(signal.SIGQUIT)
        first.close(0.1)
        if gives_up:
            give_up.set()
        else:
            thread.join(1.5)  # it tries while nothing answers
            assert thread.is_alive()
        server.start()
        thread.join(20)
        assert not thread.is_alive()
        [second] = outcome
        if gives_up:
            assert isinstance(second, StoreUnusable)
        else:
            assert isinstance(second, Store)
            write(second, row(2))
            second.close()


def test_a_stand_by_takes_over_when_the_first_service_ends(server_place: Place) -> None:
    first = server_place.open()
    write(first, row(1))
    thread, outcome = stand_by(server_place, threading.Event())
    assert outcome == []
    first.close()
    thread.join(20)
    (second,) = outcome
    assert isinstance(second, Store)
    try:
        assert (second.epoch, second.node, second.last_seq) == (2, "node-b", 1)
        write(second, row(2))
        assert numbers(second) == [1, 2]
    finally:
        second.close()


def test_a_stand_by_can_be_told_to_give_up(server_place: Place) -> None:
    give_up = threading.Event()
    with server_place.opened():
        thread, outcome = stand_by(server_place, give_up)
        give_up.set()
        thread.join(20)
    assert isinstance(outcome[0], StoreInUse)


def test_a_writer_whose_session_ended_cannot_come_back_after_a_stand_by(
    server_place: Place, server: PostgresServer
) -> None:
    people = server.url(server.new_database())
    slept = server_place.open(people_url=people)
    write(slept, row(1))
    thread, outcome = stand_by(server_place, threading.Event(), people_url=people)
    server_place.say(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        f"AND database = (SELECT oid FROM pg_database WHERE datname = '{server_place.database}')"
    )
    thread.join(20)
    (second,) = outcome
    assert isinstance(second, Store), outcome
    try:
        refused: list[Exception | None] = []
        slept.journal.submit([row(2)], refused.append)
        assert slept.journal.flush(20)
        assert isinstance(refused[0], WriterFenced)
        write(second, row(3))
        assert numbers(second) == [1, 3]
    finally:
        second.close()
        slept.close()


def test_a_writer_whose_session_ended_goes_on_when_nobody_took_over(server_place: Place) -> None:
    with server_place.opened() as store:
        write(store, row(1))
        server_place.say(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{server_place.database}' AND pid <> pg_backend_pid()"
        )
        write(store, row(2))
        assert numbers(store) == [1, 2]
        with pytest.raises(StoreInUse):
            server_place.open()


def test_who_only_reads_needs_no_right_to_write(place: Place) -> None:
    with place.opened() as store:
        write(store, row(5))
        view = StoreView(place.url, days_folder=place.folder / "journal")
        try:
            assert [found.values()["number"] for found in view.journal.rows()] == [5]
        finally:
            view.close()


def test_who_only_reads_makes_no_database(file_place: Place) -> None:
    with pytest.raises(StoreUnusable, match=r"store\.db is not there; start the service"):
        StoreView(file_place.url, days_folder=file_place.folder)
    assert not file_place.folder.exists()


def test_a_closed_store_takes_nothing_more(place: Place) -> None:
    store = place.open()
    store.close()
    refused: list[Exception | None] = []
    store.journal.submit([row()], refused.append)
    assert isinstance(refused[0], NotCommitted)
    assert store.close() == 0
