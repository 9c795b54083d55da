"""What the addresses below /api/v1 have in common: sign-in, pages, the errors they name."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from queues.api.problems import MEDIA_TYPE, ProblemOut
from queues.api.sign_in import COOKIE, SignIn

CallPath = Annotated[str, Path(min_length=1, max_length=100)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=300)]

_SCHEMES: Final = (
    Depends(HTTPBearer(auto_error=False, description="The token that the service wrote.")),
    Depends(APIKeyCookie(name=COOKIE, auto_error=False, description="From POST /api/v1/session.")),
)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Say in the schema which errors a route answers with."""
    content = {MEDIA_TYPE: {"schema": ProblemOut.model_json_schema()}}
    return {status: {"description": "Problem", "content": content} for status in statuses}


def signed_in_router(sign_in: SignIn) -> APIRouter:
    """Give a router whose every address asks who is there."""

    async def signed_in(request: Request) -> None:
        sign_in.check(request)

    return APIRouter(
        prefix="/api/v1",
        dependencies=[*_SCHEMES, Depends(signed_in)],
        responses=problems(401),
    )
