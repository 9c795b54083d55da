"""Unit: which keys of contacts are remembered, and that none outlives an erasure."""

from __future__ import annotations

import pytest

from queues.store.recent_keys import RecentKeys

KEY = (1, b"wrapped")


def test_a_key_is_remembered_until_somebody_is_erased() -> None:
    keys = RecentKeys()
    _, asked = keys.get("a")
    keys.put("a", KEY, asked)
    assert keys.get("a")[0] == KEY
    with keys.emptied():
        pass
    assert keys.get("a")[0] is None


def test_a_key_that_was_read_before_an_erasure_is_not_taken_behind_it() -> None:
    keys = RecentKeys()
    _, asked = keys.get("a")
    with keys.emptied():
        pass
    keys.put("a", KEY, asked)
    assert keys.get("a")[0] is None


def test_an_erasure_that_fails_empties_all_the_same() -> None:
    keys = RecentKeys()
    keys.put("a", KEY, keys.get("a")[1])
    with pytest.raises(OSError, match="disk"), keys.emptied():
        raise OSError("disk")
    assert keys.get("a")[0] is None


def test_no_more_than_a_few_are_remembered_and_the_oldest_goes() -> None:
    keys = RecentKeys(most=2)
    for contact in "abc":
        keys.put(contact, KEY, keys.get(contact)[1])
    assert [keys.get(contact)[0] for contact in "abc"] == [None, KEY, KEY]
