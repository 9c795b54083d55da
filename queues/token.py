"""What the token of the API must be like, for whoever makes one and for whoever asks for it."""

from __future__ import annotations

from typing import Final

SHORTEST_TOKEN: Final = 16  # characters
