"""Groups of commands that name their commands to whoever asks for one that does not exist."""

from __future__ import annotations

import rich_click as click


class Commands(click.RichGroup):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            known = ", ".join(self.list_commands(ctx))
            raise click.UsageError(f"There is no command {name!r}; there are {known}.", ctx)
        return super().resolve_command(ctx, args)
