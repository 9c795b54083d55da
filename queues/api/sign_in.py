"""Who may use the API: whoever shows the token, or a session cookie that was had for it."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Final

from starlette.requests import HTTPConnection

from queues.api.problems import FOREIGN_ORIGIN, UNAUTHORISED, Refused
from queues.token import SHORTEST_TOKEN

COOKIE: Final = "fz_session"
SESSION_S: Final = 12 * 3600.0
_SESSIONS_MAX: Final = 200
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class SignIn:
    """Keeps sessions in memory, by the hash of their id: a restart signs everybody out."""

    def __init__(
        self, token: str, now: Callable[[], float], *, session_s: float = SESSION_S
    ) -> None:
        if len(token) < SHORTEST_TOKEN:
            raise ValueError(f"the API token must have at least {SHORTEST_TOKEN} characters")
        self._token = _hash(token)
        self._now = now
        self._session_s = session_s
        self._sessions: dict[bytes, float] = {}

    def check(self, request: HTTPConnection) -> None:
        """Let a request pass or raise the `Refused` that answers it.

        A change that rests on a cookie must come from a page of ours. A token is shown on purpose,
        so with it only a request that says itself that it is a stranger's is refused.
        """
        by_token = self._shows_token(request)
        if not by_token and not self.has_session(request):
            raise Refused(UNAUTHORISED)
        check_origin(request, required=not by_token)

    def open(self, token: str) -> str:
        """Give a new session's id for the token; raises `Refused` for a wrong one."""
        if not hmac.compare_digest(_hash(token), self._token):
            raise Refused(UNAUTHORISED)
        now = self._now()
        self._sessions = {name: end for name, end in self._sessions.items() if end > now}
        while len(self._sessions) >= _SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]
        session = secrets.token_urlsafe(32)
        self._sessions[_hash(session)] = now + self._session_s
        return session

    def close(self, request: HTTPConnection) -> None:
        """End the session of a request, if it has one."""
        self._sessions.pop(_hash(request.cookies.get(COOKIE, "")), None)

    def is_allowed(self, request: HTTPConnection) -> bool:
        """Tell whether a request would still be let in, for streams that last."""
        return self._shows_token(request) or self.has_session(request)

    def has_session(self, request: HTTPConnection) -> bool:
        """Tell whether a request carries the cookie of a session that lasts."""
        end = self._sessions.get(_hash(request.cookies.get(COOKIE, "")))
        return end is not None and end > self._now()

    def _shows_token(self, request: HTTPConnection) -> bool:
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(_hash(shown.strip()), self._token)


def check_origin(request: HTTPConnection, *, required: bool) -> None:
    """Raise `Refused` for a change that a stranger's page asks for.

    With `required`, a request that says nothing of its origin is refused too.
    """
    if request.scope["method"] in _SAFE:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if site is None and origin is None:
        foreign = required
    else:
        foreign = site not in (None, "same-origin") or origin not in (None, own)
    if foreign:
        raise Refused(FOREIGN_ORIGIN)


def _hash(text: str) -> bytes:
    """Give a fixed length, so that comparing tells nothing, not even how long the token is."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
