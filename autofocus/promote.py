"""Give an alias such as `champion` to a version of a registered model.

autofocus promote raccoons 3
"""

import re
from dataclasses import dataclass

from autofocus.errors import SettingError
from autofocus.options.command import Argument, Command
from autofocus.options.printing import shown
from autofocus.options.settings import Kind, require
from autofocus.tracking.model_address import ModelAddress

NAME = "promote"
_CHAMPION, _CHALLENGER = "champion", "challenger"
# MLflow takes no alias that looks like a version.
_ALIAS = re.compile(r"(?!latest$|v\d+$|\d+$)[a-z0-9_-]{1,255}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class PromoteResult:
    """The result of `promote`.

    Attributes:
        name: of the registered model.
        alias: that was given.
        version: the number of the version that has it now.
        before: the number of the version that had it; empty for none.
    """

    name: str
    alias: str
    version: str
    before: str

    def __str__(self) -> str:
        """Return the result in words, and how to go back."""
        start = f"{NAME}: {self.alias} of {self.name} is version {self.version}"
        if self.before == self.version:
            return f"{start}, as before"
        if not self.before:
            return f"{start}; no version was it before"
        alias = "" if self.alias == _CHAMPION else f" --alias {self.alias}"
        return (
            f"{start}, and was version {self.before} before; to go back: autofocus {NAME} "
            f"'{self.name}' {self.before}{alias}"
        )


def promote(name: str, version: str, alias: str = _CHAMPION) -> PromoteResult:
    """Give an alias to a version of a registered model, whatever its metrics; or give it back.

    The version that becomes the champion loses the alias `challenger`.

    Args:
        name: of the registered model in MLflow.
        version: its number, or another alias that it has, such as `challenger`.
        alias: to give.

    Raises:
        SettingError: the name, the version or the alias can't be one.
        MissingDependencyError: MLflow is not installed.
        MissingInputError: there is no such model or version, or no store.
        StoreError: MLflow's store can't be used.
    """
    require(
        _ALIAS.fullmatch(alias) is not None,
        f"alias must be a word of letters, digits, - and _, neither latest nor a number, not "
        f"{shown(alias)}.",
    )
    address = _address(name, version)
    from autofocus.tracking.registry import REASON, ROLE, registry

    with registry(address.name, reading=True) as models:
        chosen, aliases = models.find(address), models.aliases()
        before = aliases.get(alias, "")
        if before != chosen.number:
            models.name_version(chosen, alias)
            if alias == _CHAMPION:
                instead = f", in place of version {before}" if before else ""
                models.tag(chosen, {REASON: f"promoted by hand{instead}", ROLE: alias})
        if alias == _CHAMPION and aliases.get(_CHALLENGER) == chosen.number:
            models.remove_alias(_CHALLENGER)
    return PromoteResult(address.name, alias, chosen.number, before)


def _address(name: str, version: str) -> ModelAddress:
    separator = "/" if version.isdecimal() else "@"
    try:
        return ModelAddress.parse(f"{name}{separator}{version}")
    except SettingError:
        raise SettingError(
            f"{shown(name)} {shown(version)} names no version of a registered model: give a name, "
            f"and a number or an alias, such as autofocus {NAME} raccoons 3."
        ) from None


COMMAND = Command(
    name=NAME,
    summary="Give an alias such as champion to a version of a registered model in MLflow.",
    example=f"autofocus {NAME} raccoons 3",
    function=promote,
    arguments=(
        Argument("name", "the registered model", Kind(str), positional=True),
        Argument(
            "version",
            "the number of the version, or an alias that it has, such as challenger",
            Kind(str),
            positional=True,
        ),
        Argument("alias", "the alias to give", Kind(str), default=_CHAMPION),
    ),
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
