"""Reads, lists and edits what the store holds: images, brands, collections, tags."""
