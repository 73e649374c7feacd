FROM python:3.12-slim AS build
WORKDIR /build
RUN pip install --no-cache-dir build
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY sql sql
COPY migrations migrations
COPY examples examples
RUN python -m build --wheel --outdir /dist

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 rage
RUN --mount=type=bind,from=build,source=/dist,target=/dist pip install --no-cache-dir /dist/*.whl
USER rage
WORKDIR /home/rage
# Without a key it answers its own machine only: run it with --network host, or make a key and add --host 0.0.0.0
# behind a proxy that speaks TLS. Without a RAGE_DATABASE_URL the embedded server
# keeps its data in /home/rage: mount a volume there.
CMD ["rage", "serve"]
