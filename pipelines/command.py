"""Commands that are called as modules: ``python -m pipelines.<name>``."""

from autofocus.options.command import Command


class ModuleCommand(Command):
    """A command that is no part of `autofocus`, but called as a module of its name."""

    @property
    def program(self) -> str:
        """How it is called, without its options."""
        return f"python -m {self.name}"
