"""Measurements for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from litestar import Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.plugins.prometheus import PrometheusConfig
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from rage_pg import index
from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.database import Database
from rage_pg.types import Space

MIDDLEWARE = PrometheusConfig(app_name="rage-pg", prefix="rage", group_path=True).middleware
"""Counts and times requests by route, method and status."""

COUNTED_EVERY = 30.0
"""Seconds for which the counts of the spaces are kept: counting looks at every image."""

GAUGES = {
    "embedded": "Images with a vector that is up to date.",
    "missing": "Images whose vector is still to be made.",
    "failed": "Images that the encoder could not embed.",
    "held": "Of those, images that are not tried again by themselves.",
    "fillers": "Workers and commands that embed at this moment.",
}


class _Counted(Struct, frozen=True):
    at: float
    spaces: Sequence[Space]


@get(
    "/metrics",
    tags=["health"],
    summary="Measurements",
    media_type="text/plain",
    opt=needs("admin", every_brand=True),
    responses=problems(),
)
async def get_metrics(database: NamedDependency[Database], state: State) -> Response[bytes]:
    """Requests by route, method and status, and how full the spaces are, as Prometheus reads them."""
    counted: _Counted | None = state.get("spaces_counted")
    if counted is None or time.monotonic() - counted.at > COUNTED_EVERY:
        counted = state.spaces_counted = _Counted(time.monotonic(), await index.spaces(database))
    registry = CollectorRegistry()
    registry.register(_Spaces(counted.spaces))
    content = generate_latest() + generate_latest(registry)
    return Response(content, headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Spaces:
    def __init__(self, spaces: Sequence[Space]) -> None:
        self._spaces = spaces

    def collect(self) -> Iterator[Metric]:
        for name, meaning in GAUGES.items():
            gauge = GaugeMetricFamily(f"rage_index_{name}", meaning, labels=["space"])
            for space in self._spaces:
                gauge.add_metric([space.name], getattr(space, name))
            yield gauge


HANDLERS = (get_metrics,)
