"""Bytes to stored images: decoded and checked, known again by identifier and hash, written once.

decode         bytes → a checked picture with its thumbnail; pure
import_files   files, folders, archives, URLs, a manifest → images, many at a time
import_archive an uploaded ZIP archive → images
add_image      one upload → an image
fetch_image    one URL → an image
edit_images    new words about stored images
checked_words  what whoever keeps an output says of it
store          checked pictures → images, in the caller's transaction
"""

from __future__ import annotations

from rage_pg.ingest.decoding import Decoded, decode
from rage_pg.ingest.editing import edit_images
from rage_pg.ingest.fetching import Fetcher
from rage_pg.ingest.importing import import_archive, import_files
from rage_pg.ingest.metadata import checked_words
from rage_pg.ingest.storing import store
from rage_pg.ingest.uploading import add_image, fetch_image

__all__ = [
    "Decoded",
    "Fetcher",
    "add_image",
    "checked_words",
    "decode",
    "edit_images",
    "fetch_image",
    "import_archive",
    "import_files",
    "store",
]
