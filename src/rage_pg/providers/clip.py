"""Encoders `clip` and `siglip`: a picture and the words for it in one space, by fastembed (ONNX).

The weights come from their hub on first use, or from a folder of one's own (RAGE_MODEL_DIR).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from rage_pg.errors import SetupError
from rage_pg.providers.bundled import ModelThread, encoded, readable, weights_sha256
from rage_pg.providers.loading import Loaded
from rage_pg.providers.pictures import decoded, flattened
from rage_pg.providers.ports import EncoderIdentity, Vectors

if TYPE_CHECKING:
    from fastembed import ImageEmbedding, TextEmbedding

INSTALL = "Run: pip install 'rage-pg[clip]'."
REMEDY = "Without a way to its hub, put the model into a folder and set RAGE_MODEL_DIR."


class Towers(Struct, frozen=True, kw_only=True):
    """The two halves of a model, by fastembed's names; their weights within the folder of each."""

    text: str
    image: str
    text_weights: str = "model.onnx"
    image_weights: str = "model.onnx"


MODELS = {
    "Qdrant/clip-ViT-B-32": Towers(text="Qdrant/clip-ViT-B-32-text", image="Qdrant/clip-ViT-B-32-vision"),
    "google/siglip2-base-patch16-224": Towers(
        text="google/siglip2-base-patch16-224",
        image="google/siglip2-base-patch16-224",
        text_weights="onnx/text_model.onnx",
        image_weights="onnx/vision_model.onnx",
    ),
    "jinaai/jina-clip-v1": Towers(
        text="jinaai/jina-clip-v1",
        image="jinaai/jina-clip-v1",
        text_weights="onnx/text_model.onnx",
        image_weights="onnx/vision_model.onnx",
    ),
}
DEFAULT_MODELS = {"clip": "Qdrant/clip-ViT-B-32", "siglip": "google/siglip2-base-patch16-224"}


class ClipEncoder:
    """Embeds pictures and prompts. `identity` loads the model when it is first asked for.

    `folder` holds the models, one folder each, named as the last part of its name: `clip-ViT-B-32-text` and
    `clip-ViT-B-32-vision`; None: they are fetched from their hub into `cache`.
    """

    def __init__(self, name: str, model: str, *, folder: Path | None, cache: Path) -> None:
        self._name = name
        self._model = model
        self._folder = folder
        self._cache = cache
        self._identity = Loaded(self._read_identity)
        self._text_tower: Loaded[TextEmbedding] = Loaded(self._load_text_tower)
        self._image_tower: Loaded[ImageEmbedding] = Loaded(self._load_image_tower)
        self._texts = ModelThread(f"{name} (text)", self._text_tower.get)
        self._images = ModelThread(f"{name} (image)", self._image_tower.get)

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity.get()

    async def encode_images(self, images: Sequence[bytes]) -> Vectors:
        return await encoded(self._images, self.identity, list(enumerate(images)), _image_vectors)

    async def encode_prompts(self, texts: Sequence[str]) -> Vectors:
        return await encoded(self._texts, self.identity, readable(texts), _text_vectors)

    def _read_identity(self) -> EncoderIdentity:
        towers = MODELS[self._model]
        text, image = self._text_tower.get(), self._image_tower.get()
        files = _folder_of(text) / towers.text_weights, _folder_of(image) / towers.image_weights
        return EncoderIdentity(
            encoder=self._name,
            model=self._model,
            weights_sha256=weights_sha256(*files),
            # The file alone tells: a folder may hold a model of another size under the name.
            dimensions=_text_vectors(text, ["How long is a vector?"]).shape[1],
            encodes="image",
        )

    def _load_text_tower(self) -> TextEmbedding:
        towers = MODELS[self._model]
        tower: TextEmbedding = self._loaded("TextEmbedding", towers.text, towers.text_weights)
        return tower

    def _load_image_tower(self) -> ImageEmbedding:
        towers = MODELS[self._model]
        tower: ImageEmbedding = self._loaded("ImageEmbedding", towers.image, towers.image_weights)
        return tower

    def _loaded(self, kind: str, name: str, weights: str) -> Any:
        folder = None if self._folder is None else _checked_folder(self._folder, name, weights)
        try:
            import fastembed  # noqa: PLC0415
        except ImportError as error:
            raise SetupError(f"The encoder {self._name} needs fastembed.", INSTALL) from error
        try:
            return getattr(fastembed, kind)(
                name,
                cache_dir=str(self._cache),
                specific_model_path=None if folder is None else str(folder),
                # Another device would give slightly other vectors, and one space must hold comparable ones.
                providers=["CPUExecutionProvider"],
            )
        # A hub that cannot be reached, a file that is cut off: whatever it is, there is no model.
        except Exception as error:
            reason = " ".join(str(error).split())[:300].rstrip(".")
            raise SetupError(f"The model {name} cannot be loaded: {reason}.", REMEDY) from error


def _checked_folder(folder: Path, name: str, weights: str) -> Path:
    found = folder / name.rpartition("/")[2]
    if not (found / weights).is_file():
        raise SetupError(f"RAGE_MODEL_DIR lacks {found.name}/{weights}.", f"Put the files of {name} there.")
    return found


def _folder_of(tower: Any) -> Path:
    return Path(tower.model._model_dir)


def _text_vectors(tower: TextEmbedding, texts: list[str]) -> Vectors:
    return np.stack(list(tower.embed(texts))).astype(np.float32)


def _image_vectors(tower: ImageEmbedding, images: list[tuple[int, bytes]]) -> Vectors:
    pictures = [flattened(decoded(content, f"Image {index}")) for index, content in images]
    return np.stack(list(tower.embed(pictures))).astype(np.float32)
