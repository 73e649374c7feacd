"""Cuts OpenAI's specification of its API down to what rage-pg calls, and what those paths reach.

python -m tests.peers.cut_specification FILE > tests/peers/openai.yaml

FILE is openapi.yaml of the repository openai/openai-openapi (MIT by its info.license: see LICENSE.openai).
What only people read is left out: descriptions, examples, tags.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

PATHS = ("/images/generations", "/images/edits", "/embeddings", "/chat/completions")
FOR_PEOPLE = {"description", "summary", "example", "examples", "externalDocs", "tags", "x-oaiMeta"}
NOTICE = """\
# A part of the specification of OpenAI's API, cut by cut_specification.py: {paths}
# and the schemas that they reach. Its licence is MIT by its info.license: see LICENSE.openai.
"""


def cut(whole: dict[str, Any]) -> dict[str, Any]:
    """The paths' POST, and every component that one of them refers to."""
    paths = {path: {"post": plain(whole["paths"][path]["post"])} for path in PATHS}
    components: dict[str, dict[str, Any]] = {"securitySchemes": whole["components"]["securitySchemes"]}
    open_ends = list(references(paths))
    while open_ends:
        kind, name = open_ends.pop().removeprefix("#/components/").split("/")
        found = components.setdefault(kind, {})
        if name not in found:
            found[name] = plain(whole["components"][kind][name])
            open_ends.extend(references(found[name]))
    head = {name: whole[name] for name in ("openapi", "servers", "security")}
    info = {name: whole["info"][name] for name in ("title", "version", "license")}
    sorted_components = {kind: dict(sorted(found.items())) for kind, found in components.items()}
    return {**head, "info": info, "paths": paths, "components": sorted_components}


def plain(node: Any, *, names: bool = False) -> Any:
    """Without what only people read. `names`: the keys are names of properties, whatever they say."""
    if isinstance(node, list):
        return [plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: plain(value, names=key == "properties" and not names)
        for key, value in node.items()
        if names or key not in FOR_PEOPLE
    }


def references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from references(one)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            elif key == "mapping" and all(isinstance(one, str) for one in value.values()):
                yield from value.values()
            else:
                yield from references(value)


if __name__ == "__main__":
    whole = yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(NOTICE.format(paths=", ".join(PATHS)), end="")
    # An anchor would stand for what two places have in common by chance.
    yaml.Dumper.ignore_aliases = lambda *_: True
    print(yaml.dump(cut(whole), sort_keys=False, width=110, allow_unicode=True), end="")
