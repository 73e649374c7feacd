"""The root of the command line. Commands import what is heavy when they run, so that help is quick."""

from __future__ import annotations

from typing import Any

import rich_click as click

from rage_pg import __version__
from rage_pg.cli.groups import Commands

click.rich_click.STYLE_COMMANDS_TABLE_COLUMN_WIDTH_RATIO = (1, 4)
click.rich_click.COMMAND_GROUPS = {
    "rage": [
        {
            "name": "Every day",
            "commands": [
                "import",
                "captions",
                "search",
                "similar",
                "propose",
                "generate",
                "history",
                "report",
            ],
        },
        {"name": "Service", "commands": ["serve", "worker", "db", "keys"]},
        {
            "name": "Index and quality",
            "commands": ["duplicates", "index", "spaces", "embed", "evaluate"],
        },
        {"name": "Costs", "commands": ["prices", "budgets"]},
    ]
}

EPILOG = "Without RAGE_DATABASE_URL every command starts, or joins, the Postgres in RAGE_DATA_DIR."


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rage", message="%(prog)s %(version)s")
def rage() -> None:
    """Retrieval-augmented generation for images, inside Postgres.

    A prompt finds the right images, you choose, and they go with the prompt to an image model.
    """


def _add_all(group: Any) -> None:
    from rage_pg.cli import (
        budgets,
        captions,
        db,
        duplicates,
        embed,
        evaluate,
        generate,
        history,
        imports,
        index,
        keys,
        prices,
        propose,
        reconcile,
        report,
        search,
        serve,
        similar,
        spaces,
    )

    for module in (
        imports,
        captions,
        search,
        similar,
        propose,
        generate,
        history,
        report,
        serve,
        db,
        keys,
        duplicates,
        index,
        spaces,
        embed,
        evaluate,
        prices,
        budgets,
    ):
        for command in module.COMMANDS:
            group.add_command(command)
    prices.prices.add_command(reconcile.reconcile)


_add_all(rage)
