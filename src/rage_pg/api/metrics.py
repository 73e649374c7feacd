"""Measurements for Prometheus."""

from __future__ import annotations

from litestar import Response, get
from litestar.plugins.prometheus import PrometheusConfig
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs

MIDDLEWARE = PrometheusConfig(app_name="rage-pg", prefix="rage", group_path=True).middleware
"""Counts and times requests by route, method and status."""


@get(
    "/metrics",
    tags=["health"],
    summary="Measurements",
    media_type="text/plain",
    opt=needs("admin", every_brand=True),
    responses=problems(),
)
async def get_metrics() -> Response[bytes]:
    """Requests by route, method and status with their durations, as Prometheus reads them."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


HANDLERS = (get_metrics,)
