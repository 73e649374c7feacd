"""Writes files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

import rich_click as click


def write_whole(target: Path, data: bytes) -> None:
    """Put `data` into a file. What was there stays until all of it is written, and where it cannot be.

    Raises OSError. A device or a pipe, and a file in a folder that takes no other, is written as it is.
    """
    target = target.resolve()
    if target.exists() and not (target.is_file() and os.access(target.parent, os.W_OK)):
        target.write_bytes(data)
        return
    beside = target.with_name(f".rage-{secrets.token_hex(8)}")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            # Some file systems say only now that there is no room.
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def check_writable(target: Path) -> None:
    """Refuse a file of -o that could only fail once all is done and paid for. Raises BadParameter."""
    if not target.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {target.parent}.", param_hint="'-o'")
    try:
        if target.exists():
            replaceable = not target.is_dir() and os.access(target, os.W_OK)
        else:
            # Only the attempt tells: rights, a file system that is read-only, a name too long.
            target.open("xb").close()
            target.unlink()
            replaceable = True
    except OSError as error:
        reason = f"{target} cannot be written: {error.strerror}."
        raise click.BadParameter(reason, param_hint="'-o'") from None
    if not replaceable:
        raise click.BadParameter(f"{target} is there already, and cannot be replaced.", param_hint="'-o'")
