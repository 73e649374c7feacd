"""Query strings: the filter that lists and facets share, and no name that nobody reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.enums import HttpMethod
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromQuery, QueryParameter

from rage_pg.errors import InvalidInput
from rage_pg.texts import check_storable
from rage_pg.types import Filters, Kind, Origin, State, TagFilter

Names = dict[str, frozenset[str]]
PREFIX = "query_prefix"
"""Of a route: what its free parameters begin with, as in `attribute.colour=red`."""
LABELS = "label."

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, QueryParameter(description="Of the page before; continues the list.")]
Words = Annotated[
    str | None, QueryParameter(description="Words that must be found in title, caption, tags or SKUs.")
]


def _repeated(description: str) -> Any:
    return QueryParameter(description=f"{description} Repeatable.")


def filters_of_query(
    request: Request[Any, Any, Any],
    tag: Annotated[list[str] | None, _repeated("A tag that an image must have; all of them.")] = None,
    tag_any: Annotated[list[str] | None, _repeated("Tags of which an image must have one.")] = None,
    tag_none: Annotated[list[str] | None, _repeated("A tag that an image must not have.")] = None,
    brand: Annotated[list[str] | None, _repeated("The brand, or one of several.")] = None,
    sku: Annotated[list[str] | None, _repeated("A product that the image shows, or one of several.")] = None,
    kind: Annotated[list[Kind] | None, _repeated("The kind, or one of several.")] = None,
    image_state: Annotated[
        list[State] | None,
        QueryParameter(name="state", description="The state, or one of several. Repeatable."),
    ] = None,
    collection: Annotated[list[str] | None, _repeated("A collection, or one of several.")] = None,
    origin: Annotated[list[Origin] | None, _repeated("Where it came from, or one of several.")] = None,
    created_after: FromQuery[datetime | None] = None,
    created_before: FromQuery[datetime | None] = None,
    updated_after: FromQuery[datetime | None] = None,
    min_width: FromQuery[int | None] = None,
    min_height: FromQuery[int | None] = None,
) -> Filters:
    """The filter that a query string stands for; `attribute.K=V` repeated means one of the values."""
    return Filters(
        brand=tuple(brand or ()),
        sku=tuple(sku or ()),
        kind=tuple(kind or ()),
        state=tuple(image_state or ()),
        collection=tuple(collection or ()),
        tags=TagFilter(all=tuple(tag or ()), any=tuple(tag_any or ()), none=tuple(tag_none or ())),
        attributes=prefixed(request, "attribute."),
        origin=tuple(origin or ()),
        created_after=created_after,
        created_before=created_before,
        updated_after=updated_after,
        min_width=min_width,
        min_height=min_height,
    )


def prefixed(request: Request[Any, Any, Any], prefix: str) -> dict[str, list[str]]:
    """The values of `PREFIX.name=value` by name, in their order."""
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name.startswith(prefix):
            found.setdefault(name.removeprefix(prefix), []).append(value)
    return found


def labels_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The labels that `label.NAME=VALUE` asks for. Raises InvalidInput where one has two values."""
    labels = prefixed(request, LABELS)
    for name, values in labels.items():
        if len(values) > 1:
            raise InvalidInput(f"The label {name} can have one value only.", field=f"{LABELS}{name}")
    return {name: values[0] for name, values in labels.items()}


def refuse_unknown_parameters(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """A filter that is misspelt must not be a filter that is ignored."""
    # What the document leaves out takes no parameters: answers to OPTIONS.
    known = _documented(connection.app).get(handler.handler_name, frozenset())
    prefix = handler.opt.get(PREFIX)
    for name, value in connection.query_params.multi_items():
        check_storable("The name of a parameter", name)
        if name not in known and not (prefix and name.startswith(prefix) and name != prefix):
            raise InvalidInput(f"Unknown parameter {name}.", field=name)
        check_storable(name, value)


def operation_id(handler: HTTPRouteHandler, method: str, *_: object) -> str:
    """A route's name in the OpenAPI document: that of its function."""
    return f"head_{handler.handler_name}" if method == HttpMethod.HEAD else handler.handler_name


def _documented(app: Litestar) -> Names:
    """The query parameters of each route as the OpenAPI document has them, which is read once."""
    if "query_parameters" not in app.state:
        app.state.query_parameters = {
            operation.operation_id: frozenset(
                parameter.name
                for parameter in operation.parameters or ()
                if getattr(parameter, "param_in", None) == "query"
            )
            for item in (app.openapi_schema.paths or {}).values()
            for operation in _operations(item)
        }
    names: Names = app.state.query_parameters
    return names


def _operations(item: Any) -> list[Any]:
    methods: Mapping[str, Any] = {
        method: getattr(item, method) for method in ("get", "post", "put", "patch", "delete")
    }
    return [operation for operation in methods.values() if operation is not None]
