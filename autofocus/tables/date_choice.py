"""Which form the dates of a column have, where several may be meant.

`16-02-03` is the 3rd of February 2016, the 16th of February 2003, or the 3rd of the 16th month,
which there is none of. A form is chosen for a whole column: by the texts that only one form fits,
else by the dates that the images themselves have, and else not at all.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from autofocus.errors import InputDataError
from autofocus.runs.wording import plural
from autofocus.tables.date_forms import GIVEN, YEAR_FIRST, Form, Kind, Parts

# A form isn't that of a column if another fits more than this share of the texts that only one of
# the two fits; fewer are mistakes, such as a day and a month that were exchanged in one row.
_MISTAKES = 0.05
# The images agree with a form if so many of their dates are those of the detections; a camera
# whose clock was wrong for a while does no harm. With any other form, no more than the rest agree.
_AGREES, _DISAGREES = 0.9, 0.1
# A detection's date may be of another time zone than the camera's clock.
_NEAR_DAYS = 1
# With two digits for the year, the days of a column vary more than its years, if it is long.
_MANY_DAYS, _DAYS_PER_YEAR = 5, 3
_BY_IMAGES = "as the images' own dates say"

Days = Mapping[str, date | None]


class AmbiguousDatesError(InputDataError):
    """Several forms fit the dates of a column, and they mean different days.

    Attributes:
        forms: the names of the forms that fit.
    """

    def __init__(self, message: str, forms: Sequence[str]) -> None:
        super().__init__(message)
        self.forms = tuple(forms)


@dataclass(frozen=True)
class Column:
    """The dates of one kind in a column.

    Attributes:
        kind: how they may be read.
        parts: the parts of each different text.
        own: how often an image whose detection has a text has a date of its own: by the text and
            the image's date.
        where: the name of the column in messages.
        show: returns a text as it is in the column, and a row in which it stands, for messages.
        advice: what to do if the form can't be told, up to the names of the forms.
    """

    kind: Kind
    parts: Mapping[str, Parts]
    own: Mapping[tuple[str, date], int]
    where: str
    show: Callable[[str], str]
    advice: str


@dataclass(frozen=True)
class Choice:
    """The form that was chosen.

    Attributes:
        form: the form.
        days: the day of each text; None for one that the form doesn't fit.
        by_images: whether only the images' own dates told it.
        notes: what people should know.
    """

    form: Form
    days: Days
    by_images: bool = False
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the form in words."""
        return f"{self.form.name}, {_BY_IMAGES}" if self.by_images else self.form.name


def choose(column: Column, given: str | None = None) -> Choice:
    """Choose the form of the dates of one kind.

    Args:
        column: the dates.
        given: the name of the form that people say it is, where they do.

    Raises:
        AmbiguousDatesError: it can't be told.
    """
    read = {
        form: {text: form.read(parts) for text, parts in column.parts.items()}
        for form in column.kind.forms
    }
    by_images = _choose_by_images(column, read)
    if told := next((form for form in column.kind.forms if form.name == given), None):
        return Choice(told, read[told], notes=_contradiction(column, told, by_images))
    fitting = _fitting(column, read)
    if by_images:
        return _chosen(column, by_images, read, is_by_images=fitting != [by_images])
    if len(fitting) > 1:
        raise _ambiguity(column, fitting, read)
    exchanged = _exchanged(column, fitting[0], read)
    if len(exchanged) > _DISAGREES * len({text for text, _ in column.own}):
        raise _mixture(column, fitting[0], exchanged)
    return _chosen(column, fitting[0], read)


def _fitting(column: Column, read: Mapping[Form, Days]) -> list[Form]:
    """Return the forms that fit the texts; one of those that mean the same days.

    Where none fits nearly all of them, each form that fits some is returned.
    """
    usual = column.kind.usual
    some = [form for form in column.kind.forms if any(read[form].values())]
    if not some:
        return [usual[0]]
    if column.kind.is_standard:
        return some[:1]
    whole = [
        form
        for form in some
        if form in usual and all(_fits(read[form], read[other]) for other in some)
    ]
    return _likely(column, _different(whole, read)) if whole else _different(some, read)


def _fits(days: Days, others: Days) -> bool:
    """Tell whether a form fits all texts but for mistakes that another form happens to fit."""
    only = sum(day is not None and others[text] is None for text, day in days.items())
    lacking = sum(day is None and others[text] is not None for text, day in days.items())
    return lacking <= _MISTAKES * (only + lacking)


def _different(forms: Sequence[Form], read: Mapping[Form, Days]) -> list[Form]:
    """Return the first of those forms that mean the same days."""
    left: list[Form] = []
    for form in forms:
        if all(read[form] != read[other] for other in left):
            left.append(form)
    return left


def _likely(column: Column, forms: list[Form]) -> list[Form]:
    """Return the forms without `YEAR_FIRST` where the texts' first numbers can't be years.

    A long table has dates of many days and few years, and not of one day in each of many years.
    """
    firsts = {parts[0] for parts in column.parts.values()}
    lasts = {parts[2] for parts in column.parts.values()}
    if len(firsts) < max(_MANY_DAYS, _DAYS_PER_YEAR * len(lasts)):
        return forms
    return [form for form in forms if form.name != YEAR_FIRST] or forms


def _choose_by_images(column: Column, read: Mapping[Form, Days]) -> Form | None:
    """Return the form with which the images' own dates agree, and with no other."""
    if not column.own:
        return None
    readable = [text for text in column.parts if any(days[text] for days in read.values())]
    forms = column.kind.forms
    winners = [
        form
        for form in forms
        if sum(read[form][text] is not None for text in readable) >= _AGREES * len(readable)
        and all(
            read[form] == read[other] or _beats(column.own, read[form], read[other])
            for other in forms
            if other is not form
        )
    ]
    return next(iter(winners), None)


def _beats(own: Mapping[tuple[str, date], int], days: Days, others: Days) -> bool:
    """Tell whether images agree with the days of one form, and not with those of another."""
    counts: Counter[str] = Counter()
    for (text, image_date), number in own.items():
        if days[text] != others[text]:
            counts["all"] += number
            counts["agree"] += number * _is_near(days[text], image_date)
            counts["disagree"] += number * _is_near(others[text], image_date)
    return (
        counts["all"] > 0
        and counts["agree"] >= _AGREES * counts["all"]
        and counts["disagree"] <= _DISAGREES * counts["all"]
    )


def _exchanged(column: Column, form: Form, read: Mapping[Form, Days]) -> dict[str, Form]:
    """Return the texts that have the day of their image only by another form, and that form."""
    return {
        text: other
        for text, image_date in column.own
        for other, days in read.items()
        if _is_near(days[text], image_date) and not _is_near(read[form][text], image_date)
    }


def _is_near(day: date | None, image_date: date) -> bool:
    return day is not None and abs((day - image_date).days) <= _NEAR_DAYS


def _chosen(
    column: Column, form: Form, read: Mapping[Form, Days], *, is_by_images: bool = False
) -> Choice:
    """Return the choice of a form, with a note on texts that only another form fits."""
    left = [
        text
        for text, day in read[form].items()
        if day is None and any(days[text] for days in read.values())
    ]
    notes = []
    if left:
        notes.append(
            f"{column.where}: {plural(len(left), 'date')} rejected, such as "
            f"{column.show(left[0])}: the others are {form.name}, which it isn't"
        )
    if exchanged := _exchanged(column, form, read):
        text, other = next(iter(exchanged.items()))
        notes.append(
            f"{column.where}: {column.show(text)} is read as {form.name}, but "
            f"its image's own date says {other.name}"
        )
    return Choice(form, read[form], is_by_images, tuple(notes))


def _contradiction(column: Column, told: Form, by_images: Form | None) -> tuple[str, ...]:
    """Return a note if the images' own dates say otherwise than people."""
    if by_images is None or by_images is told:
        return ()
    return (f"{column.where}: its dates are {by_images.name}, {_BY_IMAGES}, and not {told.name}",)


def _ambiguity(
    column: Column, forms: Sequence[Form], read: Mapping[Form, Days]
) -> AmbiguousDatesError:
    """Return the error that names a row, and what it is by each form, or a row of each form."""
    texts = list(column.parts)
    both = [text for text in texts if len({read[form][text] for form in forms}) == len(forms)]
    whole = [text for text in both if all(read[form][text] for form in forms)]
    names = [form.name for form in forms]
    if whole:
        days = " or ".join(f"{read[form][whole[0]]} ({form.name})" for form in forms)
        cause = f"{column.show(whole[0])} can be {days}"
    else:
        cause = f"its dates have several forms: {'; '.join(_examples(column, forms, read))}"
    return AmbiguousDatesError(f"{column.where}: {cause}: {_advice(column, names)}.", names)


def _mixture(column: Column, form: Form, exchanged: Mapping[str, Form]) -> AmbiguousDatesError:
    """Return the error of dates of several forms, which only the images' own dates show."""
    text, other = next(iter(exchanged.items()))
    plain = next((one for one, _ in column.own if one not in exchanged), None)
    first = f"{column.show(plain)} is {form.name}, " if plain else ""
    return AmbiguousDatesError(
        f"{column.where}: its dates have several forms, {_BY_IMAGES}: {first}"
        f"{column.show(text)} is {other.name}: {_advice(column, [form.name, other.name])}.",
        [form.name, other.name],
    )


def _advice(column: Column, names: Sequence[str]) -> str:
    choices = [name for name in GIVEN if name in names or YEAR_FIRST in names]
    *others, last = choices or names
    return column.advice.format(f"{', '.join(others)} or {last}" if others else last)


def _examples(column: Column, forms: Sequence[Form], read: Mapping[Form, Days]) -> list[str]:
    """Return a text for each form, which the fewest other forms fit."""
    examples = []
    for form in forms:
        fitting = [text for text, day in read[form].items() if day is not None]
        text = min(fitting, key=lambda one: sum(read[other][one] is not None for other in forms))
        examples.append(f"{column.show(text)} is {form.name}")
    return examples
