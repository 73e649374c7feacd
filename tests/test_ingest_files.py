"""Which files an import takes, and what their names say."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec import UNSET

from rage_pg.config import Limits
from rage_pg.errors import InvalidInput
from rage_pg.ingest.discovering import discovery
from rage_pg.ingest.sources import Source, title_of
from rage_pg.types import ImageMetadata
from tests.hostile import png, write

NOTHING = ImageMetadata()


def found(*sources: Path, manifest: Path | None = None, defaults: ImageMetadata = NOTHING) -> list[Source]:
    with ExitStack() as opened:
        return discovery(defaults, Limits(), None, opened).discover(sources, manifest)


def test_a_folder_is_walked_in_order_without_hidden_and_other_files(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "sub/deep/c.webp", ".hidden.png", ".git/d.png", "notes.txt", "page.html"):
        write(tmp_path / name, b"x")
    assert [source.path for source in found(tmp_path)] == ["a.jpg", "b.PNG", "sub/deep/c.webp"]


def test_folders_make_one_hierarchical_tag(tmp_path: Path) -> None:
    write(tmp_path / "animals/birds/crow.png", png())
    write(tmp_path / "top.png", png())
    sources = found(tmp_path, defaults=ImageMetadata(tags=("new",)))
    assert {source.path: source.added_tags for source in sources} == {
        "animals/birds/crow.png": ("animals/birds", "new"),
        "top.png": ("new",),
    }
    (single,) = found(tmp_path / "animals/birds/crow.png")
    assert (single.path, single.added_tags) == ("crow.png", ())


@pytest.mark.parametrize(
    ("name", "title"),
    [("red-lantern_02.png", "red lantern 02"), ("a/b/Crow.jpeg", "Crow"), ("--.png", None), ("", None)],
)
def test_a_title_comes_from_the_files_name(name: str, title: str | None) -> None:
    assert title_of(name) == title


def test_a_folder_is_the_same_root_however_it_is_named(tmp_path: Path) -> None:
    write(tmp_path / "pictures/a.png", png())
    (tmp_path / "link").symlink_to(tmp_path / "pictures")
    one, two = found(tmp_path / "pictures")[0], found(tmp_path / "link/../pictures")[0]
    three, four = found(tmp_path / "link")[0], found(tmp_path / "pictures/a.png")[0]
    assert {(source.root, source.path) for source in (one, two, three, four)} == {
        (str(tmp_path / "pictures"), "a.png")
    }


def test_links_that_lead_in_circles_end(tmp_path: Path) -> None:
    write(tmp_path / "a/one.png", png())
    (tmp_path / "a/back").symlink_to(tmp_path)
    (tmp_path / "a/self.png").symlink_to(tmp_path / "a/self.png")
    sources = found(tmp_path)
    assert [source.path for source in sources if not source.problem] == ["a/one.png"]
    assert [Path(source.name).name for source in sources if source.problem] == ["self.png"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    write(tmp_path / "good.png", png())
    write(tmp_path / "photo.heic", b"x")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "absent")
    write(tmp_path / os.fsdecode(b"latin-\xe9.png"), png())
    (tmp_path / "empty").mkdir()
    sources = found(tmp_path, tmp_path / "none.png", tmp_path / "empty")
    problems = {Path(source.name).name: source.problem for source in sources}
    assert problems == {
        "pipe.png": "This is not a file.",
        "good.png": None,
        "photo.heic": None,
        "dangling.png": "The file does not exist.",
        r"latin-\xe9.png": "The file's path is not UTF-8.",
        "none.png": "The file does not exist.",
        "empty": "There are no images in this folder.",
    }


@pytest.mark.parametrize("folder", ["bell\x07", "long" * 60, " "])
def test_folder_whose_name_cannot_be_a_tag_gives_none(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "a.png", png())
    (source,) = found(tmp_path, defaults=ImageMetadata(tags=("new",)))
    assert (source.problem, source.added_tags) == (None, ("new",))


def test_nothing_to_import_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no images in this folder"):
        found(tmp_path)
    with pytest.raises(InvalidInput, match="does not exist"):
        found(tmp_path / "absent.png")
    with pytest.raises(InvalidInput, match="Name files"):
        found()


def test_defaults_fill_what_a_row_leaves_open(tmp_path: Path) -> None:
    write(tmp_path / "a.png", png())
    manifest = write(tmp_path / "m.csv", b"path,brand,tags,season\na.png,Lumen,soap,summer\na.png,,,\n")
    defaults = ImageMetadata(
        brand="Terra", state="draft", tags=("new",), attributes={"season": "any", "n": 1}
    )
    first, second = found(manifest=manifest, defaults=defaults)
    assert (first.metadata.brand, first.metadata.state, first.metadata.tags) == ("Lumen", "draft", ("soap",))
    assert first.metadata.attributes == {"season": "summer", "n": 1}
    assert first.added_tags == second.added_tags == ("new",)
    assert (second.metadata.brand, second.metadata.tags) == ("Terra", UNSET)


@pytest.mark.parametrize(
    "path", ["../secret.png", "{outside}/secret.png", "link.png", "in/../../secret.png", "linked/secret.png"]
)
def test_a_path_outside_the_manifests_folder_is_rejected(tmp_path: Path, path: str) -> None:
    write(tmp_path / "secret.png", png())
    write(tmp_path / "in/a.png", png())
    (tmp_path / "in/link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "in/linked").symlink_to(tmp_path)
    written = path.format(outside=tmp_path)
    manifest = write(tmp_path / "in/m.csv", f"path\n{written}\nx/../a.png\n".encode())
    outside, inside = found(manifest=manifest)
    assert outside.problem == "Line 2: the path leads outside the manifest's folder."
    assert (inside.problem, inside.path) == (None, "a.png")


def test_a_manifest_describes_files_of_a_folder_and_the_rest_take_defaults(
    tmp_path: Path,
) -> None:
    for name in ("a.png", "b.png", "bad.png"):
        write(tmp_path / name, png())
    manifest = write(tmp_path / "manifest.csv", b"path,title,kind\na.png,Said,\nbad.png,,poster\n")
    sources = found(tmp_path, manifest=manifest, defaults=ImageMetadata(state="draft"))
    assert [source.path for source in sources] == ["a.png", "bad.png", "b.png"]
    assert sources[0].metadata == ImageMetadata(title="Said", state="draft")
    assert "kind must be one of" in str(sources[1].problem)
    assert [source.path for source in found(tmp_path)] == ["a.png", "b.png", "bad.png"]
