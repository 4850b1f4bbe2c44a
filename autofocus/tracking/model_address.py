"""Addresses of registered models: `models:/NAME@ALIAS` and `models:/NAME/VERSION`."""

import re
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import SettingError
from autofocus.options.printing import shown

SCHEME = "models:/"
_FORMS = "NAME@ALIAS, such as raccoons@champion, or NAME/VERSION, such as raccoons/3"
_ALIAS = re.compile(r"[\w-]+", re.ASCII)
# As MLflow counts them.
_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)


@dataclass(frozen=True)
class ModelAddress:
    """A version of a registered model, by its number or by an alias.

    Attributes:
        name: of the registered model.
        alias: such as `champion`; empty if the version is given.
        number: of the version; empty if an alias is given.
    """

    name: str
    alias: str = ""
    number: str = ""

    def __str__(self) -> str:
        """Return it as MLflow writes it."""
        return f"{SCHEME}{self.short}"

    @property
    def short(self) -> str:
        """It without the scheme."""
        return f"{self.name}@{self.alias}" if self.alias else f"{self.name}/{self.number}"

    @classmethod
    def parse(cls, text: str, what: str = "the model") -> "ModelAddress":
        """Read an address, with or without its scheme.

        Args:
            text: the address.
            what: what it is of, for the message.

        Raises:
            SettingError: it has another form.
        """
        rest = text.removeprefix(SCHEME).strip("/")
        name, slash, number = rest.partition("/")
        alias = ""
        if not slash:
            name, _, alias = rest.rpartition("@")
        is_whole = _NUMBER.fullmatch(number) if slash else _ALIAS.fullmatch(alias)
        if not is_whole or not name.strip() or set(name) & set(":'"):
            prefix = SCHEME if text.startswith(SCHEME) else ""
            forms = _FORMS.replace("NAME", f"{prefix}NAME").replace("racc", f"{prefix}racc")
            raise SettingError(f"{shown(text)} names no version of {what}: write {forms}.")
        return cls(name, alias, number)


def address_of(model: Path | str) -> ModelAddress | None:
    """Return the address of a registered model; None for a folder.

    Args:
        model: a folder or an address, also as a path, which is how a command line gives it.

    Raises:
        SettingError: it begins as an address and is none.
    """
    text = model if isinstance(model, str) else model.as_posix()
    # A path loses the slash at its end.
    text = SCHEME if text == SCHEME.rstrip("/") else text
    return ModelAddress.parse(text) if text.startswith(SCHEME) else None
