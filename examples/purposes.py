"""Draws the pictures of docs/generation.md: the sample catalogue, and the generator that is always there.

python -m examples.purposes docs/images

It is `local`: it cuts, lays and repaints the references, and reads no prompt. No image model is asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

from rage_pg.embedded import embedded_server

CATALOGUE = Path(__file__).parent / "catalogue"
PICTURES: dict[str, tuple[str, ...]] = {
    "local-compose.webp": (
        "Lotion and soap on a bathroom shelf",
        "--image=lumen-soap-rose", "--image=lumen-lotion-lavender", "--image=shared-bathroom-shelf",
        "--image=lumen-logo-dark", "--size=768x512",
    ),
    "local-style.webp": (
        "The lake in oil",
        "--image=shared-mountain-lake:subject", "--image=shared-style-oil", "--purpose=style", "--size=768x512",
    ),
    "local-edit-background.webp": (
        "The gift set on the kitchen table",
        "--image=lumen-gift-set", "--image=shared-kitchen-table", "--purpose=edit", "--size=512x512",
    ),
    "local-edit-mask.webp": (
        "Mountains before the window",
        "--image=shared-kitchen-table:edit_target", "--image=shared-mountain-lake", "--mask=window.png",
        "--purpose=edit",
    ),
    "local-prototype.webp": (
        "The lantern by itself",
        "--image=northtrail-lantern", "--purpose=prototype", "--size=512x512",
    ),
}  # fmt: skip
"""What `rage generate` is told; images by their external id."""
PANES = (
    [(295, 44), (393, 44), (393, 145), (264, 145), (264, 108)],
    [(407, 44), (505, 44), (536, 110), (536, 145), (407, 145)],
    [(264, 157), (393, 157), (393, 265), (264, 265)],
    [(407, 157), (536, 157), (536, 265), (407, 265)],
)
"""Of the window in the picture of a kitchen table, in its pixels."""

RAGE = str(Path(sys.executable).with_name("rage"))


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="rage-purposes-") as data:
        Path(data).chmod(0o755)
        _mask((768, 512)).save(Path(data) / "window.png")
        # It stays meanwhile: no command need start and stop it.
        with embedded_server(Path(data)):
            environment = {**os.environ, "RAGE_DATA_DIR": data, "RAGE_GENERATOR": "local"}
            imported = _rage(environment, "import", "--manifest", str(CATALOGUE / "manifest.csv"))
            ids = {item["external_id"]: item["image_id"] for item in imported["items"]}
            for name, arguments in PICTURES.items():
                given = [_with_id(one, ids).replace("--mask=", f"--mask={data}/") for one in arguments]
                _rage(environment, "generate", *given, "-o", str(folder / name))
                print(f"{folder / name}: {(folder / name).stat().st_size // 1000} kB", flush=True)


def _mask(size: tuple[int, int]) -> Image.Image:
    """Clear where the window is, and may change."""
    mask = Image.new("RGBA", size, (0, 0, 0, 255))
    for pane in PANES:
        ImageDraw.Draw(mask).polygon(pane, fill=(0, 0, 0, 0))
    return mask


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
