"""The reader's calls over HTTP, under the reader's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from model_store import Answer, Explained, History, Prediction, Provenance, SimilarItems, SimilarUsers, Users
from streamsvd.ratings import typed_id
from streamsvd.service import requests, responses
from streamsvd.service.context import context_of
from streamsvd.service.query_route import QueryRoute
from streamsvd.service.responses import as_json

router = APIRouter(tags=["lookups"], route_class=QueryRoute)


async def _lookup(request: Request, call: Callable[..., Any], *arguments: Any, **options: Any) -> Response:
    return as_json(await context_of(request).workers.run(call, *arguments, **options))


@router.get("/recommend", response_model=Answer, summary="The best items for a user")
async def recommend(request: Request, query: Annotated[requests.RecommendQuery, Query()]) -> Response:
    """What the model ranks highest among what the user has not rated. An unknown user gets the best items for all
    users, marked by `known_user`."""
    reader, exclude = context_of(request).reader, [typed_id(text) for text in query.exclude]
    return await _lookup(request, reader.recommend, typed_id(query.user), query.n, **query.options(exclude))


@router.post("/recommend-many", response_model=responses.Answers, summary="The best items for several users")
async def recommend_many(request: Request, body: requests.ForMany) -> Response:
    """As `/recommend`, for each of them, all from one snapshot."""
    context, options = context_of(request), body.options(body.exclude)
    return as_json({"answers": await context.workers.run(context.reader.recommend_many, body.users, body.n, **options)})


@router.post("/recommend-for", response_model=Answer, summary="The best items for an anonymous user")
async def recommend_for(request: Request, body: requests.ForRatings) -> Response:
    """As `/recommend`, for an anonymous user who has given these ratings. Nothing is stored; items that the model does
    not know are left out."""
    ratings = {each.item: each.rating for each in body.ratings}
    reader = context_of(request).reader
    return await _lookup(request, reader.recommend_for, ratings, body.n, **body.options(body.exclude))


@router.get("/similar-items", response_model=SimilarItems, summary="Items that the same users like as one")
async def similar_items(request: Request, query: Annotated[requests.ItemListQuery, Query()]) -> Response:
    """Most similar first. 404 for an unknown item."""
    return await _lookup(request, context_of(request).reader.similar_items, typed_id(query.item), query.n)


@router.get("/similar-users", response_model=SimilarUsers, summary="Users of the same taste")
async def similar_users(request: Request, query: Annotated[requests.UserListQuery, Query()]) -> Response:
    """Most similar first. 404 for an unknown user. The first request after a start reads the rows of all users, which
    takes a while."""
    return await _lookup(request, context_of(request).reader.similar_users, typed_id(query.user), query.n)


@router.get("/predict", response_model=Prediction, summary="The rating that a user would give")
async def predict(request: Request, query: Annotated[requests.UserItemQuery, Query()]) -> Response:
    """With its standard deviation. An unknown user or item is predicted from all users, and marked."""
    return await _lookup(request, context_of(request).reader.predict, typed_id(query.user), typed_id(query.item))


@router.get("/explain", response_model=Explained, summary="Why the model predicts what it predicts")
async def explain(request: Request, query: Annotated[requests.UserItemQuery, Query()]) -> Response:
    """Parts that add up to the score. 404 for an unknown item."""
    return await _lookup(request, context_of(request).reader.explain, typed_id(query.user), typed_id(query.item))


@router.get("/history", response_model=History, summary="What a user has rated")
async def history(request: Request, query: Annotated[requests.UserListQuery, Query()]) -> Response:
    """Newest first, as far as the model keeps them. 404 for an unknown user."""
    return await _lookup(request, context_of(request).reader.history, typed_id(query.user), query.n)


@router.get("/users", response_model=Users, summary="How many users there are, and some of them")
async def users(request: Request, query: Annotated[requests.ListQuery, Query()]) -> Response:
    """Those with the newest ratings, newest first."""
    return await _lookup(request, context_of(request).reader.users, query.n)


@router.get("/status", response_model=Provenance, summary="What an answer would be computed from now")
async def status(request: Request) -> Response:
    """The newest snapshot: version, offsets, age, and the model's error then."""
    return await _lookup(request, context_of(request).reader.status)
