"""What every encoder's output passes before anything is stored or compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pgvector import HalfVector

from rage_pg.errors import ProviderError
from rage_pg.providers.ports import EncoderIdentity, Vectors


def checked_vectors(output: ArrayLike, identity: EncoderIdentity, count: int) -> Vectors:
    """Return `output` as float32 of shape (count, dimensions).

    Raise ProviderError, naming the encoder and the input's index, for a wrong count, wrong dimensions,
    a value that is not finite, or a vector of zeros.
    """
    try:
        vectors = np.ascontiguousarray(output, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise _failed(identity, "gave rows of different lengths or of no numbers") from error
    if vectors.ndim != 2:
        raise _failed(identity, f"gave an array of {vectors.ndim} dimensions instead of one row an input")
    if len(vectors) != count:
        raise _failed(identity, f"gave {len(vectors)} vectors for {count} inputs")
    if vectors.shape[1] != identity.dimensions:
        raise _failed(identity, f"gave {vectors.shape[1]} numbers instead of {identity.dimensions}")
    _refuse_first(identity, ~np.all(np.isfinite(vectors), axis=1, keepdims=True), "holds NaN or infinity")
    _refuse_first(identity, ~np.any(vectors, axis=1, keepdims=True), "is all zeros")
    return vectors


def as_halves(vectors: Vectors) -> list[HalfVector]:
    """The vectors as they are stored: 16 bits a number, of length 1, or large and small ones would not fit.

    Only directions are compared.
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return [HalfVector(vector) for vector in (vectors / lengths).astype(np.float16)]


def _refuse_first(identity: EncoderIdentity, bad: NDArray[np.bool_], fault: str) -> None:
    if bad.any():
        raise _failed(identity, f"failed: the vector of input {int(np.argmax(bad))} {fault}")


def _failed(identity: EncoderIdentity, fault: str) -> ProviderError:
    return ProviderError(f"The encoder {identity.encoder} ({identity.model}) {fault}.", code="bad_vector")
