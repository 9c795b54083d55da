"""AudioSocket's bytes: whatever comes, in whatever pieces, nothing raises and little is kept."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.audiosocket.frames import (
    FRAME_BYTES,
    HANG_UP,
    LARGEST_PAYLOAD,
    SILENT_FRAME,
    Audio,
    Broken,
    Deframer,
    Identified,
    KeySeen,
    Kind,
    Message,
    PeerFailed,
    PeerHungUp,
    Slicer,
    message,
)

WHO = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
HELLO = message(Kind.IDENTITY, WHO.bytes)

well_formed = st.one_of(
    st.binary(max_size=LARGEST_PAYLOAD // 2).map(lambda half: message(Kind.AUDIO, half * 2)),
    st.sampled_from(
        [HANG_UP, message(Kind.KEY, b"5"), message(Kind.ERROR, b"\x01"), message(Kind.ERROR)]
    ),
)
anything = st.one_of(
    st.binary(max_size=200),
    st.lists(st.one_of(well_formed, st.binary(max_size=8)), max_size=8).map(b"".join),
)
streams = st.one_of(anything, anything.map(lambda rest: HELLO + rest))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in pieces, cut at these places."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def read(*pieces: bytes) -> list[Message]:
    deframer = Deframer()
    return [message for piece in pieces for message in told(deframer, piece)]


def told(deframer: Deframer, piece: bytes) -> list[Message]:
    """The messages that are complete with this piece."""
    deframer.receive(piece)
    return list(iter(deframer.next_message, None))


@given(streams, st.lists(st.integers(min_value=0), max_size=12))
def test_the_same_bytes_mean_the_same_in_any_pieces(data: bytes, places: list[int]) -> None:
    assert read(*cut(data, places)) == read(data)


@given(streams)
def test_a_broken_stream_is_told_once_and_is_the_last_word(data: bytes) -> None:
    found = read(data, data, HELLO)
    assert sum(isinstance(each, Broken) for each in found) <= 1
    assert not any(isinstance(each, Broken) for each in found[:-1])


@given(streams, st.lists(st.integers(min_value=0), max_size=12))
def test_never_more_than_one_message_is_kept(data: bytes, places: list[int]) -> None:
    deframer = Deframer()
    for piece in cut(data, places):
        told(deframer, piece)
        assert len(deframer._data) - deframer._at < 3 + LARGEST_PAYLOAD
        assert len(deframer._data) < len(piece) + 3 + LARGEST_PAYLOAD


@given(st.lists(well_formed, max_size=10))
def test_what_is_built_is_read_again(messages: list[bytes]) -> None:
    found = read(HELLO, *messages)
    assert found[0] == Identified(WHO)
    assert len(found) == 1 + len(messages)
    sounds = [each.pcm for each in found if isinstance(each, Audio)]
    assert sounds == [each[3:] for each in messages if each[0] == Kind.AUDIO]


def test_each_kind_is_told_as_what_it_is() -> None:
    sent = [message(Kind.KEY, b"#"), message(Kind.ERROR, b"\x04"), SILENT_FRAME, HANG_UP]
    expected = [Identified(WHO), KeySeen(), PeerFailed(), Audio(bytes(FRAME_BYTES)), PeerHungUp()]
    assert read(HELLO + b"".join(sent)) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        SILENT_FRAME,
        message(Kind.IDENTITY, bytes(15)),
        message(Kind.IDENTITY, bytes(17)),
        HELLO + HELLO,
        HELLO + message(Kind.AUDIO, bytes(LARGEST_PAYLOAD + 2))[:3],
        HELLO + message(Kind.AUDIO, bytes(321)),
        HELLO + b"\x10\xff\xff",
        HELLO + b"\x11\x01\x40",
        HELLO + message(Kind.HANG_UP, b"x"),
        HELLO + message(Kind.KEY, b"12"),
        HELLO + message(Kind.ERROR, bytes(17)),
    ],
)
def test_what_no_switch_sends_breaks_the_stream_as_soon_as_its_header_is_there(
    data: bytes,
) -> None:
    assert isinstance(read(data)[-1], Broken)


def test_a_message_in_the_middle_is_known_as_such() -> None:
    deframer = Deframer()
    assert told(deframer, HELLO + SILENT_FRAME[:100]) == [Identified(WHO)]
    assert deframer.in_message
    assert told(deframer, SILENT_FRAME[100:]) == [Audio(bytes(FRAME_BYTES))]
    assert not deframer.in_message


def test_the_identity_does_not_show_in_text() -> None:
    assert str(WHO) not in repr(Identified(WHO))


@given(st.lists(st.binary(max_size=700), max_size=12))
def test_sound_of_any_length_becomes_frames_of_20_ms_in_order(sounds: list[bytes]) -> None:
    slicer = Slicer()
    frames = [frame for each in sounds for frame in slicer.cut(each)]
    assert {len(frame) for frame in frames} <= {FRAME_BYTES}
    whole = b"".join(sounds)
    assert b"".join(frames) == whole[: len(whole) // FRAME_BYTES * FRAME_BYTES]
