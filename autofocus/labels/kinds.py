"""Labels that mean "nothing to see" or "a person", as people write them in several languages."""

import re
import unicodedata
from collections.abc import Iterable

from autofocus.runs.spelling import fold_name

# An image counts as showing people from this probability on. A person overlooked costs more than
# an image too many, so that it lies far below the thresholds of labels.
PEOPLE_PROBABILITY = 0.1
# Compared without case, accents and separators: `Vacía`, `no_animal` and `NO-ANIMAL` match.
_EMPTY = frozenset(
    (
        "empty", "blank", "blanks", "none", "nothing", "no animal", "no animals", "no detection",
        "no species", "no wildlife", "nothing here", "false trigger", "false triggers",
        "misfire", "ghost", "background", "vacio", "vacia", "nada", "sin animal", "sin animales",
        "vazio", "vazia", "vide", "rien", "aucun", "leer", "leerbild", "nichts", "kein tier",
        "vuoto", "vuota", "leeg", "niets", "tom", "tomt", "tomma", "tyhja", "pusty", "puste",
        "prazdny", "пусто", "空",
    )
)  # fmt: skip
_HUMAN = frozenset(
    (
        "human", "humans", "person", "persons", "people", "homo sapiens", "human being",
        "humano", "humana", "humanos", "persona", "personas", "gente", "pessoa", "pessoas",
        "humain", "humains", "personne", "personnes", "mensch", "menschen",
        "umano", "umani", "persone", "mens", "mensen", "manniska", "manniskor", "menneske",
        "mennesker", "ihminen", "czlowiek", "ludzie", "clovek", "hiker", "hikers", "pedestrian",
        "pedestrians", "cyclist", "cyclists", "human non staff", "human staff", "человек", "人",
    )
)  # fmt: skip
_SEPARATORS = re.compile(r"[\s_\-./]+")


def is_empty_like(label: str) -> bool:
    """Return whether a label probably means an image without animals, such as `Empty`."""
    return _plain(label) in _EMPTY


def is_human_like(label: str) -> bool:
    """Return whether a label probably means people, such as `Homo sapiens`."""
    return _plain(label) in _HUMAN


def matching_labels(labels: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return the labels that have one of the names, in any spelling.

    Args:
        labels: as they are spelled in the data, in their order.
        names: as a setting names them, such as `empty`.
    """
    wanted = set(map(fold_name, names))
    return tuple(label for label in labels if fold_name(label) in wanted)


def _plain(text: str) -> str:
    """Return a text in lower case, without accents, its words separated by single spaces."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _SEPARATORS.sub(" ", bare).strip()
