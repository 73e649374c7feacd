"""Which image of the store a file is, and what becomes of it. Pure: no file, no database.

A file is met by its key (its external id; without one its path within the import's root) and by its bytes.

    key                 bytes in the brand  what happens                               status
    unknown             unknown             a new image                                imported
    unknown             an image's          that image gets the key; words are merged  duplicate (*)
    an image's          the same image's    what is said is applied                    updated, or duplicate
    an image's          unknown             a new version of the image                 updated
    shared with others  unknown             a new image takes over the key             updated
    an image's          another image's     the key moves there; words are merged      duplicate (*)
    an external id's    that of an image    a new version of the image                 updated
                        that gives them up

(*) updated where the state changes: a state that is said always holds.

An image gives up its bytes where the row of its only external id, in the same batch, brings others: so
pictures that were exchanged stay with their products. It must be sure that all of them get other bytes, so
each of the ids and contents may come once only. Otherwise an external id moves; if the image it moves to has,
or keeps, no other one, the row's words replace that image's. Without an external id it is a renamed file.

A hidden image that is met again is shown again: updated. An image whose last key is taken away is retired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import structs

from rage_pg.ingest.describing import describe
from rage_pg.ingest.metadata import given, in_order
from rage_pg.ingest.values import Incoming, Key, Stored
from rage_pg.types import ImportStatus


class Shelf:
    """The images that a batch may touch: `place` decides in memory, a writer compares before and after."""

    def __init__(self, stored: Iterable[Stored]) -> None:
        self.before: dict[int, Stored] = {}
        self.images: list[Stored] = []
        self.versions: list[tuple[Stored, int, bytes]] = []
        self.claims: dict[tuple[int, Key], Stored] = {}
        self._by_key: dict[tuple[int, Key], Stored] = {}
        self._by_bytes: dict[tuple[int, bytes], Stored] = {}
        self._wanted: dict[tuple[int, Key], bytes] = {}
        self.exchanging: dict[int, Stored] = {}
        for image in stored:
            self._add(image)
            self.before[id(image)] = structs.replace(image)

    def expect(self, files: Sequence[Incoming], owners: Sequence[int]) -> None:
        """Look ahead at a batch, before its files are placed: find the images that exchange their bytes."""
        rows = list(zip(owners, files, strict=True))
        keys = Counter((brand_id, file.key) for brand_id, file in rows)
        contents = Counter((brand_id, file.sha256) for brand_id, file in rows)
        self._wanted = {
            (brand_id, file.key): file.sha256
            for brand_id, file in rows
            if file.key and not file.key[0] and keys[brand_id, file.key] == 1
        }
        for brand_id, key in self._wanted:
            chain = self._chain(brand_id, key, contents)
            if len(chain) > 1:
                self.exchanging |= {id(image): image for image in chain}

    def _chain(self, brand_id: int, key: Key, contents: Counter[tuple[int, bytes]]) -> list[Stored]:
        """Images of which each wants the next one's bytes; none where one may have to keep its own."""
        chain: list[Stored] = []
        image = self._by_key.get((brand_id, key))
        while image is not None and image not in chain:
            external = _external(image)
            wanted = self._wanted.get((brand_id, external[0])) if len(external) == 1 else None
            if wanted is None or wanted == image.sha256 or contents[brand_id, wanted] > 1:
                return []
            chain.append(image)
            image = self._by_bytes.get((brand_id, wanted))
        return chain

    def place(self, file: Incoming, brand_id: int) -> tuple[Stored, ImportStatus]:
        """Find or make the image that `file` is. Tags must be in normal form. Raises InvalidInput."""
        key = file.key
        holder = self._by_key.get((brand_id, key)) if key else None
        twin = self._by_bytes.get((brand_id, file.sha256))
        status: ImportStatus
        if holder is not None and key and not key[0] and id(holder) in self.exchanging:
            image, status = self._replace_bytes(holder, file), "updated"
        elif twin is not None and (holder is twin or holder is None):
            image, status = twin, self._meet(twin, file, known=holder is twin)
        elif twin is not None and holder is not None:
            image, status = twin, self._move(holder, twin, file)
        elif holder is None:
            image, status = self._create(file, brand_id), "imported"
        else:
            image, status = self._replace_bytes(holder, file), "updated"
        for claimed in (key, file.location):
            if claimed:
                self._claim(image, claimed)
        in_order(image.usable_from, image.usable_until)
        return image, status

    def _meet(self, image: Stored, file: Incoming, *, known: bool, takes_over: bool = False) -> ImportStatus:
        """The image's own bytes again, under a key that it has (`known`) or is about to get.

        `takes_over`: the image becomes this product's alone, so what is known of it is another product's.
        """
        before = image.content()
        hidden, image.hidden = image.hidden, False
        owned = known and _owns(image, file.key)
        if not image.keys and image.origin == "imported" and image.state == "retired":
            image.state = given(file.metadata.state) or "approved"
        alone = known and not _sharers(image, file.key)
        describe(image, file, overrides=owned or takes_over, replaces=alone or takes_over)
        changed = image.content() != before if known else image.state != before["state"]
        return "updated" if hidden or changed else "duplicate"

    def _move(self, holder: Stored, twin: Stored, file: Incoming) -> ImportStatus:
        _take_products(holder, file)
        external = file.key is not None and not file.key[0]
        return self._meet(twin, file, known=False, takes_over=external and self._loses_ids(twin, file))

    def _loses_ids(self, image: Stored, file: Incoming) -> bool:
        """Whether all external ids of the image go elsewhere within the batch, or have gone."""
        wanted = (self._wanted.get((image.brand_id, key), file.sha256) for key in _external(image))
        return all(sha256 != file.sha256 for sha256 in wanted)

    def _replace_bytes(self, image: Stored, file: Incoming) -> Stored:
        if _sharers(image, file.key):
            _take_products(image, file)
            return self._create(file, image.brand_id, like=image)
        if self._by_bytes.get((image.brand_id, image.sha256)) is image:  # else they have been taken over
            del self._by_bytes[image.brand_id, image.sha256]
        image.sha256, image.hidden = file.sha256, False
        image.version += 1
        self._add_version(image)
        describe(image, file, overrides=True, replaces=True, new=True)
        return image

    def _create(self, file: Incoming, brand_id: int, like: Stored | None = None) -> Stored:
        image = Stored(brand_id=brand_id, sha256=file.sha256, origin=file.origin)
        if file.origin == "generated":
            image.state = "draft"
        if like is not None:  # what restricts the use of one picture restricts its successor
            image.kind, image.state, image.rights = like.kind, like.state, like.rights
            image.usable_from, image.usable_until = like.usable_from, like.usable_until
        describe(image, file, overrides=True, replaces=True, new=True)
        self._add(image)
        self._add_version(image)
        return image

    def _add(self, image: Stored) -> None:
        self.images.append(image)
        self._by_bytes[image.brand_id, image.sha256] = image
        for key in image.keys:
            self._by_key[image.brand_id, key] = image

    def _add_version(self, image: Stored) -> None:
        self._by_bytes[image.brand_id, image.sha256] = image
        self.versions.append((image, image.version, image.sha256))

    def _claim(self, image: Stored, key: Key) -> None:
        """Give the image a key, and take it from the one that had it."""
        holder = self._by_key.get((image.brand_id, key))
        if holder is image:
            return
        if holder is not None:
            holder.keys = tuple(kept for kept in holder.keys if kept != key)
            if not holder.keys:
                holder.state = "retired"
        image.keys = (*image.keys, key)
        self._by_key[image.brand_id, key] = image
        self.claims.pop((image.brand_id, key), None)  # the order is that of the last claims
        self.claims[image.brand_id, key] = image


def _external(image: Stored) -> list[Key]:
    return [key for key in image.keys if not key[0]]


def _sharers(image: Stored, key: Key | None) -> list[Key]:
    """The image's other keys of the same kind: two products on one picture, two files of the same bytes."""
    return [other for other in image.keys if key and other[0] == key[0] and other != key]


def _owns(image: Stored, key: Key | None) -> bool:
    """Whether `key` is the first of its kind: one of several has the say, or they would undo each other."""
    return key == next((other for other in image.keys if key and other[0] == key[0]), None)


def _take_products(image: Stored, file: Incoming) -> None:
    """The products of a row go where its picture goes."""
    leaving = given(file.metadata.sku) or ()
    image.skus = tuple(sku for sku in image.skus if sku not in leaving)
