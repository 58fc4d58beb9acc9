"""The reader's calls over HTTP, under the reader's names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from streamsvd.app.service import models
from streamsvd.app.service.answers import answer_of, as_json
from streamsvd.app.service.parts import parts_of

router = APIRouter(tags=["lookups"])


class _ForUser(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user: models.IdText
    n: models.Count = 10


@router.get("/recommend", response_model=models.Answer, summary="The best items for a user")
async def recommend(request: Request, query: Annotated[_ForUser, Query()]) -> Response:
    """What the model ranks highest among what the user has not rated; the best for everybody where it does not know
    the user, marked by `known_user`."""
    parts = parts_of(request)
    found = await parts.workers.run(parts.reader.recommend, models.id_of(query.user), query.n)
    return as_json(answer_of(found))
