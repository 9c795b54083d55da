"""Unit: what a waiting caller is told of place and wait, from what was foretold at the begin."""

from __future__ import annotations

import pytest

from ivr.dialogues.standing import Standing, standing
from queues.centre.values.learned import EstimatesLearned
from queues.ids import CallId
from queues.picture import Picture, look_at_all
from queues.view import View
from tests.unit.queues.scenes import BILLING, Scene, settings
from tests.unit.queues.test_foretelling import LEARNED

CALL = CallId("c1")
AHEAD_S = 7.0  # of the wall clock


def seen(*, learned: bool = True) -> tuple[View, float]:
    """One who waits behind a talk: told 21 to 210 s; and when that was, by the wall clock."""
    scene = Scene(settings(("anna", (BILLING,))))
    if learned:
        scene.take(EstimatesLearned(LEARNED))
    scene.ready("anna")
    scene.enter("first")
    scene.talk("first")
    scene.enter(CALL)
    scene.centre.wall_ahead_s = AHEAD_S
    picture = Picture()
    picture.follow(look_at_all(scene.centre))
    return picture.view(1), scene.now + AHEAD_S


@pytest.mark.parametrize(
    ("after_s", "left_s"),
    [(0.0, (21.0, 210.0)), (20.0, (1.0, 190.0)), (100.0, (0.0, 110.0)), (210.0, None)],
)
def test_a_range_told_later_is_shorter_by_what_was_waited_and_is_told_no_more_once_over(
    after_s: float, left_s: tuple[float, float] | None
) -> None:
    view, began = seen()
    assert standing(view, CALL, began + after_s, has_place=True) == Standing(1, left_s)


def test_a_wait_is_told_also_where_no_place_can_be() -> None:
    view, began = seen()
    assert standing(view, CALL, began, has_place=False) == Standing(None, (21.0, 210.0))


def test_without_a_range_the_place_alone_and_of_who_does_not_wait_nothing() -> None:
    view, began = seen(learned=False)
    assert standing(view, CALL, began, has_place=True) == Standing(1, None)
    assert standing(view, CALL, began, has_place=False) is None
    assert standing(view, CallId("first"), began, has_place=True) is None
