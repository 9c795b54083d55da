"""What agents' phones show of the site's name."""

import re

_LONGEST_NAME = 40


def shown_name(name: str) -> str:
    """What agents' phones show of the site's name: letters, digits and a few marks, short."""
    return " ".join(re.sub(r"[^\w .-]", " ", name).split())[:_LONGEST_NAME] or "Freizeichen"
