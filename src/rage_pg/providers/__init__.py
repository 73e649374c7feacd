"""What turns text and pictures into vectors, captions and new pictures. One file a provider."""
