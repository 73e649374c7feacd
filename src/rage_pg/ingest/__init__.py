"""Bytes to stored images: decoded and checked, known again by identifier and hash, written once.

decode         bytes → a checked picture with its thumbnail; pure
import_files   files, folders, a manifest → images, many at a time
add_image      one upload → an image
edit_images    new words about stored images
store          checked pictures → images, in the caller's transaction
"""

from __future__ import annotations

from rage_pg.ingest.decoding import Decoded, decode
from rage_pg.ingest.editing import edit_images
from rage_pg.ingest.importing import import_files
from rage_pg.ingest.storing import store
from rage_pg.ingest.uploading import add_image

__all__ = ["Decoded", "add_image", "decode", "edit_images", "import_files", "store"]
