"""Every text for people passes here: catalogues, dates, and the wording of errors.

Pages, the command line and the worker use the same functions. Source texts are English; a catalogue per language lies
under hub/translations/. The language is set once per request or task and holds for what runs in it.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.support import Translations

if TYPE_CHECKING:
    from hub.errors import HubError

SOURCE_LANGUAGE = "en"
_FOLDER = Path(__file__).parents[1] / "translations"
_DAYS_AGO = 7
_MINUTE = timedelta(minutes=1)
_DATES = {"en": "en_GB"}
"""English is international here: the day before the month, and 24 hours."""

_language: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)
_zone: ContextVar[tzinfo] = ContextVar("zone", default=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """An error in a person's words: what happened, and what to do about it (empty where nothing can be done)."""

    title: str
    advice: str = ""

    @property
    def sentences(self) -> str:
        """Both in one line, for where there is no place for two."""
        return f"{self.title}. {self.advice}".rstrip()


def gettext(message: str, **params: object) -> str:
    """The text in the language of this request, with `%(name)s` filled in where parameters are given."""
    text = _catalogue(_language.get()).gettext(message)
    return text % params if params else text


def ngettext(singular: str, plural: str, number: int, **params: object) -> str:
    """The text for a number of things; `%(num)d` is the number."""
    return plural_form(singular, plural, number) % {"num": number, **params}


def plural_form(singular: str, plural: str, number: int) -> str:
    """The right form for a number, not filled in yet; templates fill in themselves."""
    return _catalogue(_language.get()).ngettext(singular, plural, number)


def mark(message: str) -> str:
    """Mark a text in a table for the catalogues; `gettext` translates it when it is shown."""
    return message


_ = gettext


@cache
def available_languages() -> dict[str, str]:
    """Code and own name of every language there is a catalogue for, English first."""
    codes = [SOURCE_LANGUAGE, *sorted(path.parts[-3] for path in _FOLDER.glob("*/LC_MESSAGES/messages.mo"))]
    return {code: Locale.parse(code).get_language_name(code) or code for code in codes}


def choose_language(wanted: Iterable[str]) -> str:
    """The first wanted language (`de-AT`, best first) there is a catalogue for, else English."""
    codes = [code.replace("_", "-") for code in wanted]
    return negotiate_locale(codes, list(available_languages()), sep="-") or SOURCE_LANGUAGE


@cache
def time_zones() -> tuple[str, ...]:
    """The names of the time zones people choose from: places, not abbreviations."""
    return tuple(sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/")))


def use_time_zone(name: str) -> None:
    """Tell times of this zone from here on, in this request or task; an unknown one is UTC."""
    _zone.set(zoneinfo.ZoneInfo(name) if name and name in time_zones() else UTC)


def current_time_zone() -> tzinfo:
    return _zone.get()


def use_language(code: str) -> None:
    """Speak this language from here on, in this request or task; an unknown one is English."""
    _language.set(code if code in available_languages() else SOURCE_LANGUAGE)


def current_language() -> str:
    return _language.get()


@cache
def text_direction(code: str) -> str:
    """`ltr` or `rtl`."""
    return str(Locale.parse(code).text_direction)


def ago(instant: datetime, now: datetime, locale: str | None = None) -> str:
    """How long ago, short, for a list (`4 min`, `2 days`); after a week the date, after this year with the year."""
    passed = now - instant
    if passed.days >= _DAYS_AGO:
        return day(instant, now, locale=locale)
    if passed < _MINUTE:
        return gettext("now")
    return _spoken(passed // _MINUTE, locale or _language.get())


@lru_cache(maxsize=4096)
def _spoken(minutes: int, code: str) -> str:
    return format_timedelta(timedelta(minutes=minutes), threshold=1, format="short", locale=code)


def until(instant: datetime, now: datetime, locale: str | None = None) -> str:
    """How long until then, short (`in 4 min`); what is due within seconds or over is `now`."""
    ahead = instant - now
    if ahead < timedelta(seconds=1):
        return gettext("now")
    return format_timedelta(ahead, threshold=1, format="short", add_direction=True, locale=_or_current(locale))


_SPOKEN = (
    "ar bg bs cs da de el en es et fa fi fr he hi hr hu id is it ja ko lt lv mk nb nl pl pt ro ru sk sl sq sr sv th tr "
    "uk vi zh"
)
"""Languages to choose from for a post; one that is needed otherwise comes in addition."""


def language_names(also: str = "") -> tuple[tuple[str, str], ...]:
    """Codes and names of the languages a post may be in, by name, with `also` among them whatever it is."""
    return _language_names(also, _language.get())


@lru_cache(maxsize=256)
def _language_names(also: str, code: str) -> tuple[tuple[str, str], ...]:
    known = Locale.parse(code).languages
    names = {each: str(known.get(each, each)) for each in _SPOKEN.split()}
    if also and also not in names:
        names[also] = str(known.get(also.split("-")[0], also)) + (f" ({also})" if "-" in also else "")
    return tuple(sorted(names.items(), key=lambda named: named[1].casefold()))


def day(instant: datetime, now: datetime, *, locale: str | None = None, zone: tzinfo | None = None) -> str:
    """The date, with the year only where it is not this one (`12 Nov`). `zone`: None for that of this request."""
    zone = zone or _zone.get()
    local, today = instant.astimezone(zone), now.astimezone(zone)
    return _day(local.date(), local.year != today.year, _or_current(locale))


@lru_cache(maxsize=4096)
def _day(date: date, with_year: bool, code: str) -> str:
    if with_year:
        return format_date(date, format="medium", locale=code)
    return str(Locale.parse(code).datetime_skeletons["MMMd"].apply(date, code))


def time_of_day(instant: datetime, *, locale: str | None = None, zone: tzinfo | None = None) -> str:
    """Hours and minutes (`09:12`)."""
    return format_time(instant.astimezone(zone or _zone.get()), format="short", locale=_or_current(locale))


def date_and_time(instant: datetime, *, locale: str | None = None, zone: tzinfo | None = None) -> str:
    """The full instant, for a title or a table."""
    return _date_and_time(instant.astimezone(zone or _zone.get()).replace(tzinfo=None), _or_current(locale))


@lru_cache(maxsize=4096)
def _date_and_time(local: datetime, code: str) -> str:
    return format_datetime(local, format="medium", locale=code)


def describe(error: HubError) -> Wording:
    """Word an error for people: the one place where codes and reasons become sentences."""
    from hub.kernel.wordings import wording_of

    return wording_of(error)


def describe_stored(code: str, reason: str = "", detail: str = "") -> Wording:
    """Word an error that was written into a table (outbox, channels) as code, reason and the network's own words."""
    from hub.kernel.wordings import wording

    return wording(code, reason, detail)


def describe_why_not(word: str) -> Wording:
    """Word why something cannot be answered (`closed`, see hub.connector.ReplyRules)."""
    from hub.kernel.wordings import why_not

    return why_not(word)


def describe_warning(word: str) -> Wording:
    """Word what a connection test warns of (`cannot_moderate`, see hub.connector.Check)."""
    from hub.kernel.wordings import warning

    return warning(word)


def _or_current(locale: str | None) -> str:
    code = locale or _language.get()
    return _DATES.get(code, code)


@cache
def _catalogue(code: str) -> NullTranslations:
    return Translations.load(str(_FOLDER), [code]) if code != SOURCE_LANGUAGE else NullTranslations()
