"""What turns text and pictures into vectors, captions and new pictures. One file a provider."""

import os

# These libraries report to their makers how they are used, unless told not to before they are loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
