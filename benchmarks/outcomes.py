"""Compares what the ledger says of generations with what the image API knows."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import psycopg
from psycopg.rows import dict_row

from benchmarks.image_stub import Answer, Asked

ENDS: dict[Answer, str] = {
    "picture": "succeeded",
    "refusal": "refused",
    "error": "failed",
    "turned away": "failed",
}
"""How a generation ends whose worker saw the answer."""
GENERATIONS = """
SELECT g.generation_id::text AS id, g.prompt, g.provider, g.status, g.cost_usd, g.error, g.finished_at,
       (SELECT array_agg(e.created_at ORDER BY e.event_id) FROM rage.generation_events AS e
        WHERE e.generation_id = g.generation_id AND e.name = 'running') AS begun
FROM rage.generations AS g
"""
CALLS = """
SELECT generation_id::text AS id, status, cost_usd, started_at, finished_at
FROM rage.paid_calls WHERE purpose = 'generation' ORDER BY call_id
"""
OUTPUTS = """
SELECT o.generation_id::text AS id, o.sha256, c.bytes, c.sha256 AS stored, i.state, i.origin
FROM rage.generation_outputs AS o
JOIN rage.images AS i USING (image_id)
JOIN rage.contents AS c USING (content_id)
ORDER BY o.generation_id, o.position
"""
LEFTOVERS = {
    "jobs of generations": "SELECT count(*) FROM rage.procrastinate_jobs"
    " WHERE task_name = 'generate' AND status <> 'succeeded'",
    "images that no generation made": "SELECT count(*) FROM rage.images AS i WHERE origin = 'generated'"
    " AND NOT EXISTS (SELECT FROM rage.generation_outputs AS o WHERE o.image_id = i.image_id)",
    "contents of no image": "SELECT count(*) FROM rage.contents AS c WHERE NOT EXISTS"
    " (SELECT FROM rage.image_versions AS v WHERE v.content_id = c.content_id)",
    "calls that never ended": "SELECT count(*) FROM rage.paid_calls WHERE finished_at IS NULL",
}


class KillLike(Protocol):
    @property
    def pid(self) -> int: ...

    @property
    def at(self) -> float: ...


class _Books:
    """All that there is to compare, by generation."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url, row_factory=dict_row) as connection:
            self.generations = connection.execute(GENERATIONS.encode()).fetchall()
            self.calls = _grouped(connection.execute(CALLS.encode()).fetchall())
            self.outputs = _grouped(connection.execute(OUTPUTS.encode()).fetchall())
            self.left = {
                what: connection.execute(statement.encode()).fetchone()
                for what, statement in LEFTOVERS.items()
            }


def faults_of(url: str, accepted: Mapping[int, str], asked: Sequence[Asked]) -> list[str]:
    """Whatever is lost, doubled, untrue or left behind."""
    books = _Books(url)
    requests: dict[int, list[Asked]] = defaultdict(list)
    for one in asked:
        requests[one.scene].append(one)
    faults = [
        f"left behind: {what}: {row}" for what, row in books.left.items() if not row or any(row.values())
    ]
    known = {generation["id"] for generation in books.generations}
    faults += [f"scene {scene} was accepted and is lost" for scene, id in accepted.items() if id not in known]
    twice = Counter(scene_of(generation) for generation in books.generations)
    faults += [f"scene {scene} is there {count} times" for scene, count in twice.items() if count > 1]
    faults += [f"scene {scene} was asked for by nobody" for scene in requests if scene not in twice]
    for generation in books.generations:
        scene = scene_of(generation)
        found = _faults(generation, books, requests.get(scene, []))
        faults += [f"scene {scene} is {generation['status']}: {fault}" for fault in found]
    return faults


def scene_of(generation: Mapping[str, Any]) -> int:
    return int(generation["prompt"].split(":")[0].rpartition(" ")[2])


def _faults(generation: Mapping[str, Any], books: _Books, requests: Sequence[Asked]) -> Iterator[str]:
    calls, outputs = books.calls[generation["id"]], books.outputs[generation["id"]]
    status = generation["status"]
    if status != "succeeded" and outputs:
        yield f"it has {len(outputs)} outputs"
    for output in outputs:
        if (
            hashlib.sha256(output["bytes"]).digest() != output["sha256"]
            or output["stored"] != output["sha256"]
        ):
            yield "an output is not whole"
        if (output["state"], output["origin"]) != ("draft", "generated"):
            yield f"an output is {output['state']}, {output['origin']}"
    if generation["provider"] == "local":
        yield from _faults_of_free(generation, len(calls), len(outputs), len(requests))
        return
    worked = [one for one in requests if one.answer != "turned away"]
    if len(worked) > 1:
        yield f"its image was asked for {len(worked)} times"
    if len(calls) < len(requests):
        yield f"{len(requests)} requests were made, and {len(calls)} noted"
    if len(calls) > len(requests) + 1 or (len(calls) > len(requests) and calls[-1]["status"] != "unknown"):
        yield f"{len(calls)} calls are noted, but {len(requests)} requests came"
    yield from _untrue(generation, calls, outputs, requests)


def _untrue(
    generation: Mapping[str, Any],
    calls: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    requests: Sequence[Asked],
) -> Iterator[str]:
    status = generation["status"]
    if not calls:
        yield "it ended without a call"
        return
    if calls[-1]["status"] != status or calls[-1]["cost_usd"] != generation["cost_usd"]:
        last = calls[-1]
        yield f"its last call is {last['status']}, at {last['cost_usd']} not {generation['cost_usd']}"
    if status == "unknown":
        return
    if not requests or ENDS[requests[-1].answer] != status:
        yield f"the image API answered {[one.answer for one in requests]}"
    if status == "succeeded":
        if [output["sha256"] for output in outputs] != [requests[-1].sha256 if requests else None]:
            yield "its output is not what the image API made for it"
        if not generation["cost_usd"]:
            yield f"it cost {generation['cost_usd']}"


def _faults_of_free(generation: Mapping[str, Any], calls: int, outputs: int, requests: int) -> Iterator[str]:
    """It charges nothing, so it starts anew, until three workers were lost over it."""
    given_up = "lost 3 times" in str(generation["error"])
    if generation["status"] != "succeeded" and not (generation["status"] == "failed" and given_up):
        yield f"it is free: {generation['error']}"
    if generation["status"] == "succeeded" and outputs != 1:
        yield f"it has {outputs} outputs"
    if calls or requests:
        yield f"it is free, and {calls} calls are noted, {requests} requests were made"


def places_of(url: str, kills: Sequence[KillLike], asked: Sequence[Asked]) -> Counter[str]:
    """Where the kills fell, by what became of the generations that they hit; and how all have ended."""
    books = _Books(url)
    places: Counter[str] = Counter()
    deaths = {kill.pid: kill.at for kill in kills}
    requests = defaultdict(list)
    for one in asked:
        requests[one.scene].append(one)
    for generation in books.generations:
        free = generation["provider"] == "local"
        places[f"ended {'free, ' if free else ''}{generation['status']}"] += 1
        begun = len(generation["begun"] or ())
        if free:
            places["free ones begun again"] += begun > 1
            continue
        if generation["status"] == "unknown":
            places[_place(requests[scene_of(generation)], deaths)] += 1
        elif begun > 1:
            places["hit before the call was opened, and begun again"] += 1
    return places


def _place(requests: Sequence[Asked], deaths: Mapping[int, float]) -> str:
    if not requests:
        return "hit after the call was opened, before the request was whole: unknown"
    last = requests[-1]
    died = deaths.get(last.pid or 0)
    if last.answered is None or (died is not None and died < last.answered):
        return "hit during the call: unknown"
    return "hit after the answer, before it was stored: unknown"


def _grouped(rows: Sequence[dict[str, Any]]) -> defaultdict[str, list[dict[str, Any]]]:
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["id"]].append(row)
    return found
