"""A prompt and a filter → ranked candidates, through the one SQL function that everybody calls."""

from rage_pg.search.asking import Imagined, look, search, similar
from rage_pg.search.facets import facets
from rage_pg.search.pages import next_rows, unseen_rows
from rage_pg.search.prompts import embed_in, embed_prompt

__all__ = [
    "Imagined",
    "embed_in",
    "embed_prompt",
    "facets",
    "look",
    "next_rows",
    "search",
    "similar",
    "unseen_rows",
]
