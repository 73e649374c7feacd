"""Other vector stores, each in an environment of its own, asked the same questions as rage-pg.

environment        makes a peer's environment, once
asking             hands a store to a peer's process, and reads its answers
inside             what runs in that process, whichever the peer: no import of ours but this
chroma, lancedb    the peers, as someone who knows them would use them
"""
