"""The command line `rage`: one file a noun. `main` turns whatever happens into one line and an exit code.

0  done
1  the job failed
2  wrong usage
130  stopped by Ctrl-C or SIGTERM
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import rich_click as click
from click.exceptions import Exit

from rage_pg.errors import InvalidInput, NoRoom, RageError
from rage_pg.texts import escaped, is_utf8

DONE, FAILED, MISUSED, STOPPED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command with `arguments` (else those of the process); the exit code."""
    from rage_pg.cli.commands import rage

    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        _check_text(given)
        # Not click's own main: it ends the process in its ways, with exit codes of its own.
        with rage.make_context("rage", given) as context:
            rage.invoke(context)
        sys.stdout.flush()
    except Exit as stop:
        return stop.exit_code
    except BrokenPipeError:
        _discard_output()
        return DONE
    except (click.Abort, EOFError, KeyboardInterrupt):
        return STOPPED
    except Exception as error:
        return _failed(error)
    return DONE


def _check_text(arguments: Sequence[str]) -> None:
    """The store holds UTF-8 alone: no argument can be a prompt, a tag, or a path that it keeps."""
    for argument in arguments:
        if not is_utf8(argument):
            raise InvalidInput(f"The argument '{escaped(argument)}' is not UTF-8.")


def _failed(error: Exception) -> int:
    from rage_pg.cli.output import complain, wants_traceback

    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, click.ClickException):
        complain(_usage(error))
        return MISUSED
    if wants_traceback():
        import traceback

        traceback.print_exception(error)
    known = _as_ours(error)
    if known is None:
        complain(f"{type(error).__name__}: {error}. RAGE_LOG_LEVEL=debug shows where.")
        return FAILED
    complain(str(known))
    return MISUSED if isinstance(known, InvalidInput) else FAILED


def _as_ours(error: Exception) -> RageError | None:
    """The error itself, or what an error of the system or the database means to the person."""
    if isinstance(error, RageError):
        return error
    if (full := NoRoom.behind(error)) is not None:
        return full
    from psycopg import Error

    from rage_pg.database import translate

    # SQLAlchemy, which applies the migrations, wraps the error of the driver.
    cause = getattr(error, "orig", error)
    ours = translate(cause) if isinstance(cause, Error) else None
    return ours if isinstance(ours, RageError) else None


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f" Try: {context.command_path} --help" if context else ""
    return error.format_message() + hint


def _discard_output() -> None:
    """Whoever read our output has left; Python would complain once more when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
