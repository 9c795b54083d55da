"""Which channels are in which bridge, as far as was heard."""

from collections.abc import Iterable

from ivr.asterisk.wire_events import (
    BridgeEntered,
    BridgeLeft,
    ChannelEnded,
    ChannelId,
    ChannelListed,
    WireEvent,
)


class Bridges:
    """Follows the events; `learn` begins anew with what a look-up listed."""

    def __init__(self) -> None:
        self._of: dict[ChannelId, str] = {}

    def on_event(self, event: WireEvent) -> None:
        """Hear each event, in order."""
        match event:
            case BridgeEntered(channel, bridge):
                self._of[channel] = bridge
            case BridgeLeft(channel=channel) | ChannelEnded(channel=channel):
                self._of.pop(channel, None)
            case _:
                pass

    def learn(self, listed: Iterable[ChannelListed]) -> None:
        """Take what lives in place of all that was heard."""
        self._of = {each.channel: each.bridge for each in listed if each.bridge is not None}

    def forget_all(self) -> None:
        """All channels are gone."""
        self._of.clear()

    def joined(self, first: ChannelId, second: ChannelId) -> bool:
        """Whether both are in one bridge."""
        bridge = self._of.get(first)
        return bridge is not None and bridge == self._of.get(second)
