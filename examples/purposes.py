"""Draws the pictures of docs/generation.md: the sample catalogue, and the generator that is always there.

python -m examples.purposes FOLDER

It is `local`: it transforms and composes the references, and reads no prompt.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rage_pg.embedded import embedded_server

CATALOGUE = Path(__file__).parent / "catalogue"
PICTURES: dict[str, tuple[str, ...]] = {
    "scene.webp": (
        "Lotion and soap on a bathroom shelf",
        "--image=lumen-lotion-lavender", "--image=lumen-soap-rose", "--image=shared-bathroom-shelf",
        "--image=lumen-logo-dark", "--size=768x512",
    ),
    "combine.webp": (
        "A candle and a lantern at the lake",
        "--image=lumen-candle-amber", "--image=northtrail-lantern", "--image=shared-mountain-lake", "--size=768x512",
    ),
    "style.webp": (
        "The gift set as a watercolour",
        "--image=lumen-gift-set", "--image=shared-style-watercolour", "--purpose=style", "--size=512x512",
    ),
    "cut-out.webp": (
        "A lotion with the logo, cut out",
        "--image=lumen-lotion-lavender", "--image=lumen-logo-dark", "--background=transparent", "--size=512x512",
    ),
    "enhance.webp": (
        "More contrast and sharpness",
        "--image=northtrail-lake-camp:edit_target", "--purpose=enhance", "--size=768x512",
    ),
}  # fmt: skip
"""What `rage generate` is told; images by their external id."""


RAGE = str(Path(sys.executable).with_name("rage"))


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="rage-purposes-") as data:
        Path(data).chmod(0o755)
        # It stays meanwhile: no command need start and stop it.
        with embedded_server(Path(data)):
            environment = {**os.environ, "RAGE_DATA_DIR": data, "RAGE_GENERATOR": "local"}
            imported = _rage(environment, "import", "--manifest", str(CATALOGUE / "manifest.csv"))
            ids = {item["external_id"]: item["image_id"] for item in imported["items"]}
            for name, arguments in PICTURES.items():
                given = [_with_id(one, ids) for one in arguments]
                _rage(environment, "generate", *given, "-o", str(folder / name))
                print(f"{folder / name}: {(folder / name).stat().st_size // 1000} kB", flush=True)


def _rage(environment: dict[str, str], *arguments: str) -> dict[str, list[dict[str, object]]]:
    done = subprocess.run([RAGE, *arguments, "--json"], env=environment, stdout=subprocess.PIPE, check=True)
    answer: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return answer


def _with_id(argument: str, ids: dict[object, object]) -> str:
    if not argument.startswith("--image="):
        return argument
    name, colon, role = argument.removeprefix("--image=").partition(":")
    return f"--image={ids[name]}{colon}{role}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
