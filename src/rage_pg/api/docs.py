"""The OpenAPI document, and a page that shows it without leaving this machine."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from litestar import Request, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, OpenAPIType, Schema, SecurityScheme, Tag
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

import rage_pg
from rage_pg.api.parameters import operation_id
from rage_pg.api.scopes import OPEN_TO_ALL

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator

KEY = "key"
ASSETS = "/static/openapi"
PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>rage-pg API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{ASSETS}/swagger-ui.css">
</head>
<body>
<div id="document" data-url="/schema/openapi.json"></div>
<script src="{ASSETS}/swagger-ui-bundle.js"></script>
<script src="{ASSETS}/start.js"></script>
</body>
</html>
"""


class SwaggerPage(OpenAPIRenderPlugin):
    """Swagger UI from our own files; scripts stand in files so that the page needs no inline script."""

    def receive_router(self, router: Router) -> None:
        router.opt.update(OPEN_TO_ALL)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return PAGE.encode()


class MoneyAsNumber(OpenAPISchemaPlugin):
    """ApiResponse writes a Decimal as a number."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value is Decimal

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        return Schema(type=OpenAPIType.NUMBER)


OPENAPI = OpenAPIConfig(
    title="rage-pg",
    version=rage_pg.__version__,
    description=(
        "Retrieval-augmented generation for images, inside Postgres. Errors are RFC 9457 problem documents; "
        "their `type` is stable, `detail` is for people, `field` names the input at fault. A key is granted "
        "brands and scopes (read, write, generate, admin); of other brands it learns nothing, not even that "
        "something is there."
    ),
    license=License(name="Apache-2.0", identifier="Apache-2.0"),
    path="/schema",
    render_plugins=[SwaggerPage(path="/")],
    operation_id_creator=operation_id,
    use_handler_docstrings=True,
    components=Components(
        security_schemes={
            KEY: SecurityScheme(
                type="http",
                scheme="bearer",
                description=(
                    "An API key: `rage keys create` makes one. While there has never been a key, a service "
                    "on loopback asks programs of its own machine for none."
                ),
            )
        }
    ),
    security=[{KEY: []}],
    tags=[
        Tag(name="search", description="A prompt and a filter to ranked images."),
        Tag(name="images", description="The catalogue: pictures and what is said of them."),
        Tag(name="generations", description="Pictures made from prompt and references, and their history."),
        Tag(name="costs", description="What may be spent, and what was."),
        Tag(name="brands", description="Who images belong to, and who pays."),
        Tag(name="collections", description="Ordered sets of images."),
        Tag(name="tags", description="What images are called."),
        Tag(name="index", description="Embedding spaces: how full they are, and what is in the way."),
        Tag(name="health", description="Whether the service lives and works."),
    ],
)
