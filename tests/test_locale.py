"""The Vietnamese catalogue says everything that the pages, commands and messages say: who adds a sentence translates it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import django
import import_export
import mptt
import polib
import pytest
from django.utils.translation import gettext, ngettext, override
from django.utils.translation.template import templatize

from danvan.places import BASE_DIR

BORROWED = "danvan/borrowed_words.py"
CATALOGUES = BASE_DIR / "locale" / "vi" / "LC_MESSAGES"
MARKING = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"], ("msgid",)),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], ("msgctxt", "msgid")),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], ("msgid", "plural")),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], ("msgctxt", "msgid", "plural")),
}
LITERAL = r"""[ru]?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
MARKED = re.compile(rf"\b(_|n?p?gettext)\(({LITERAL}(?:\s*,\s*{LITERAL})*)")
PLACE = re.compile(r"%%?\(\w+\)[a-z]|%[sd]|\{\}")
#: words that Django's and import-export's own pages say too, and that mean there what they mean here
SHARED = {"All", "Errors", "Export", "Home", "Password", "Preview", "Row", "Save", "Search", "name", "user", "version"}
WHEREVER = "run `make messages`, translate what is new in locale/vi, and commit both files"


class Message(NamedTuple):
    msgctxt: str | None
    msgid: str
    plural: str


def message(function: str, words: list[str]) -> Message:
    parts = dict(zip(MARKING[function], words, strict=False))
    return Message(parts.get("msgctxt"), parts["msgid"], parts.get("plural", ""))


def marked_in_python(source: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKING:
            words = [argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
            if len(words) == len(MARKING[node.func.id]):
                yield message(node.func.id, words)


def marked_in_template(source: str) -> Iterator[Message]:
    for function, literals in MARKED.findall(templatize(source)):
        yield message(function, [ast.literal_eval(literal) for literal in re.findall(LITERAL, literals)])


def marked_in_the_project() -> set[Message]:
    found: set[Message] = set()
    for app in ("accounts", "audit", "danvan", "messaging", "reports", "units"):
        for file in (BASE_DIR / app).rglob("*.py"):
            if "migrations" not in file.parts:
                found.update(marked_in_python(file.read_text(encoding="utf-8")))
    templates: list[Path] = [
        file for folder in ("templates", "reports/templates", "units/templates") for file in (BASE_DIR / folder).rglob("*.*")
    ]
    for file in templates:
        found.update(marked_in_template(file.read_text(encoding="utf-8")))
    return {each for each in found if each.msgid}


def said_by_others() -> set[str]:
    packages = [Path(module.__file__).parent for module in (django, import_export, mptt) if module.__file__]
    files = [file for package in packages for file in package.rglob("locale/[ed][ne]/LC_MESSAGES/django.po")]
    unused = {"admindocs", "flatpages", "gis", "humanize", "postgres", "redirects", "sitemaps", "sites", "syndication"}
    return {entry.msgid for file in files if not unused & set(file.parts) for entry in polib.pofile(str(file)) if not entry.msgctxt}


def entries(name: str) -> list[polib.POEntry]:
    return list(polib.pofile(str(CATALOGUES / f"{name}.po")))


def words_of(entry: polib.POEntry | polib.MOEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_every_sentence_marked_for_translation_is_in_the_catalogue():
    known = {Message(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in entries("django")}
    assert marked_in_the_project() - known == set(), WHEREVER


def test_the_catalogue_holds_nothing_that_is_said_nowhere():
    known = {Message(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in entries("django")}
    assert known - marked_in_the_project() == set(), WHEREVER


def test_a_word_that_others_say_too_is_shared_on_purpose_or_told_apart_by_a_context():
    ours = {entry.msgid for entry in entries("django") if not entry.msgctxt and {file for file, _ in entry.occurrences} != {BORROWED}}
    assert (ours & said_by_others()) - SHARED == set()


def test_others_address_our_readers_as_the_house_does():
    """Officials are “đồng chí”, or not addressed at all; Django's Vietnamese says “bạn” to everybody."""
    with override("vi"):
        assert [msgid for msgid in sorted(said_by_others()) if re.search(r"\bbạn\b", gettext(msgid), re.IGNORECASE)] == []
    theirs = polib.pofile(str(Path(django.__file__).parent / "contrib/admin/locale/vi/LC_MESSAGES/djangojs.po"))
    too_familiar = {entry.msgid for entry in theirs if re.search(r"\bbạn\b", " ".join(words_of(entry)), re.IGNORECASE)}
    en = {entry.msgid for entry in polib.pofile(str(Path(django.__file__).parent / "contrib/admin/locale/en/LC_MESSAGES/djangojs.po"))}
    assert too_familiar & en - {entry.msgid for entry in entries("djangojs")} == set()


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_every_sentence_is_translated_and_none_is_a_guess(name: str):
    assert [entry.msgid for entry in entries(name) if entry.fuzzy or entry.obsolete or not all(words_of(entry))] == []


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_a_translation_has_the_places_of_its_sentence(name: str):
    strange = [
        (entry.msgid, words)
        for entry in entries(name)
        for words in words_of(entry)
        if sorted(PLACE.findall(words)) not in (sorted(PLACE.findall(entry.msgid)), sorted(PLACE.findall(entry.msgid_plural)))
    ]
    assert strange == []


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_what_is_compiled_is_what_is_written(name: str):
    written = {(entry.msgctxt, entry.msgid): words_of(entry) for entry in entries(name)}
    compiled = {(entry.msgctxt, entry.msgid): words_of(entry) for entry in polib.mofile(str(CATALOGUES / f"{name}.mo"))}
    assert compiled == written, WHEREVER


def test_a_vietnamese_plural_is_one_form():
    with override("vi"):
        assert [ngettext("%(days)d day left", "%(days)d days left", days) % {"days": days} for days in (1, 5)] == [
            "còn 1 ngày",
            "còn 5 ngày",
        ]


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_a_reader_is_addressed_as_party_offices_do_and_a_word_is_written_in_one_way(name: str):
    strange = re.compile(r"\bbạn\b|xoá|xác thực hai lớp")
    assert [entry.msgid for entry in entries(name) for words in words_of(entry) if strange.search(words.lower())] == []
