"""The ids by which centre, dialogue and edge speak of one thing; never a number or a name."""

from typing import NewType

CallId = NewType("CallId", str)
LineId = NewType("LineId", str)
QueueId = NewType("QueueId", str)
AgentId = NewType("AgentId", str)
PlaceId = NewType("PlaceId", str)
OfferId = NewType("OfferId", str)
ContactId = NewType("ContactId", str)  # a person as far as known; the vault knows more
