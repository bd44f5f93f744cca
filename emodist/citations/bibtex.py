"""BibTeX, as far as citations need it: `@kind{key, name = {value}, ...}`, one after the other."""

import re
from dataclasses import dataclass

from emodist.errors import ConfigError

START = re.compile(r"@(\w+)\s*\{\s*([^\s,{}]+)\s*,")
FIELD = re.compile(r"\s*(\w+)\s*=\s*")


@dataclass(frozen=True)
class Work:
    """An entry; `text` is how it was written."""

    entry_type: str
    key: str
    fields: dict[str, str]
    text: str


def works(text: str) -> list[Work]:
    """The entries of a text, in its order.

    Raises
    ------
    ConfigError
        If it holds anything else.

    Examples
    --------
    >>> [work] = works("@misc{plakal2019, author = {Plakal, M.}, year = {2019}}")
    >>> work.key, work.fields["year"]
    ('plakal2019', '2019')
    """
    entries, place = [], 0
    while rest := text[place:].strip():
        place = len(text) - len(text[place:].lstrip())
        start = START.match(text, place)
        if start is None:
            raise ConfigError(f"not BibTeX: wanted @kind{{key, ...}}, got {rest[:40]!r}")
        fields, end = _fields(text, start.end())
        entries.append(Work(start[1].lower(), start[2], fields, text[place:end]))
        place = end
    return entries


def plain(work: Work) -> str:
    """A work in one line, for people.

    Examples
    --------
    >>> plain(works("@article{x, author = {Roe, R. and Doe, J.}, title = {A {Voice}}, "
    ...             "journal = {Sounds}, volume = {3}, year = {2001}, doi = {10.1/2}}")[0])
    'Roe R, Doe J (2001). A Voice. Sounds 3. doi:10.1/2'
    """
    fields = {name: re.sub(r"[{}]", "", value) for name, value in work.fields.items()}
    names = fields.get("author", "").split(" and ")
    people = ", ".join(re.sub(r"[,.]", "", name) for name in names)
    where = fields.get("journal") or fields.get("booktitle") or fields.get("publisher", "")
    where += f" {fields['volume']}" if "volume" in fields else ""
    where += f"({fields['number']})" if "number" in fields else ""
    where += f", {fields['pages'].replace('--', '-')}" if "pages" in fields else ""
    place = f"doi:{fields['doi']}" if "doi" in fields else fields.get("url", "")
    parts = (f"{people} ({fields.get('year', 'no year')})", fields.get("title", ""), where, place)
    return ". ".join(part for part in parts if part)


def short(work: Work) -> str:
    """Who and when.

    Examples
    --------
    >>> short(works("@misc{x, author = {Roe, R. and Doe, J. and Poe, E.}, year = {2001}}")[0])
    'Roe et al. 2001'
    """
    people = [name.partition(",")[0] for name in work.fields["author"].split(" and ")]
    who = " & ".join(people) if len(people) < 3 else f"{people[0]} et al."
    return re.sub(r"[{}]", "", f"{who} {work.fields['year']}")


def _fields(text: str, place: int) -> tuple[dict[str, str], int]:
    """The fields from a place on, and where the entry ends."""
    fields = {}
    while name := FIELD.match(text, place):
        value, place = _value(text, name.end())
        fields[name[1].lower()] = " ".join(value.split())
        comma = re.compile(r"\s*,").match(text, place)
        place = comma.end() if comma else place
    end = re.compile(r"\s*\}").match(text, place)
    if end is None:
        raise ConfigError(f"not BibTeX: wanted name = {{value}} or }}, got {text[place:][:40]!r}")
    return fields, end.end()


def _value(text: str, place: int) -> tuple[str, int]:
    """What stands in balanced braces."""
    depth = 0
    for end in range(place, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            break
    if not text[place : place + 1] == "{" or depth:
        raise ConfigError(f"not BibTeX: wanted {{value}}, got {text[place : place + 40]!r}")
    return text[place + 1 : end], end + 1
