"""Word files with placeholders: what one may hold, and filling it.

`{{ name }}` stands for a word, `{%p for part in body %}` … `{%p endfor %}` around paragraphs and `{%tr for row in annex %}` around
rows repeat them, `{% if … %}` chooses (docxtpl's way of writing). Nothing else of the language is taken: no call, no arithmetic, no
filter, no attribute that isn't listed here, so that a file can reach nothing but a report's own words and always comes to an end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from typing import Any

from docx.opc.exceptions import PackageNotFoundError
from docxtpl import DocxTemplate
from jinja2 import TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree

from units.problems import Problem, Problems, Refused, gettext_noop
from units.zip_parts import Harmful, Parts, Why

MOST_MEGABYTES = 5
_MOST_UNPACKED = 40 * 2**20
_MOST_PARTS = 500
#: tags and attributes of all parts together: a parser needs some 200 bytes for each, and a report's document has ten thousand
_MOST_MARKUP = 400_000
#: a table's rows, and the cells of each, within the body
_MOST_LOOPS = 3
_MARKUP = (".xml", ".rels", ".vml")
_MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"

#: the words that a template may name
WORDS = frozenset(
    {"superior_name", "issuer_name", "symbol", "place_name", "subject", "period", "unit"}
    | {"authority", "post", "signer", "is_draft", "draft_note"}
)
#: what may be repeated, with the words of each item; `figures` has a word for each code
LISTS = {
    "recipients": frozenset[str](),
    "body": frozenset({"kind", "text", "columns", "rows"}),
    "annex": frozenset({"is_section", "number", "name", "unit", "now", "year_ago", "change"}),
}
#: what `kind` of a part of the body says
KINDS = ("part", "heading1", "heading2", "heading3", "text", "table")
_NAMES = WORDS | LISTS.keys() | {"figures", "loop"}
_ITEMS = frozenset().union(*LISTS.values())
_LOOP = frozenset({"first", "last", "index", "length"})
_TAKEN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Const, nodes.For, nodes.If, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip
_UNSAFE_PART = re.compile(r"(?i)vbaproject|vbadata|activex|embeddings|oleobject|altchunk|\.(?:bin|exe|dll|js|html?|mht)$")
_UNSAFE_FIELD = re.compile(rb"\b(?:INCLUDEPICTURE|INCLUDETEXT|INCLUDE|DDE|DDEAUTO|LINK|IMPORT|DATABASE|MACROBUTTON)\b", re.IGNORECASE)
#: what XML can't hold
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(autoescape=True)
    environment.globals.clear()
    environment.filters.clear()
    environment.tests.clear()
    return environment


def filled(template: bytes, context: dict[str, Any]) -> bytes:
    """The Word file that a checked template makes of the context. Raises Refused where it can't be filled."""
    document = DocxTemplate(BytesIO(template))
    try:
        document.render(_clean(context), jinja_env=_environment())
        stream = BytesIO()
        document.save(stream)
    except (TemplateError, etree.XMLSyntaxError, ValueError) as error:
        message = gettext_noop("The document template can't be filled: %(error)s")
        raise Refused(Problem(message, {"error": str(error)[:200]})) from error
    return stream.getvalue()


def check_template(content: bytes) -> None:
    """Raise Refused with everything for which a Word file is not taken as a template."""
    if len(content) > MOST_MEGABYTES * 2**20:
        raise Refused(Problem(gettext_noop("The document template is larger than %(most)d MB."), {"most": MOST_MEGABYTES}))
    _check_package(content)
    problems = Problems()
    for part, xml in _placeholders(content):
        problems.extend(_problems_in(part, xml))
    problems.refuse_if_any()
    filled(content, _example())


# --- The file ---------------------------------------------------------------------------------------


_SAID = {
    Why.SIZE: gettext_noop("The document template unpacks to more than %(most)d MB."),
    Why.LOCKED: gettext_noop("The document template is locked with a password: take the password away and save it again."),
    Why.ENTITIES: gettext_noop("The document template declares entities (%(part)s): no Word file does."),
    Why.LINK: gettext_noop("The document template draws on something outside of itself (%(part)s): take the link out."),
}
_TOO_MUCH = gettext_noop("The document template has more than %(most)d tags and attributes: no report needs so long a document.")
_NO_WORD = gettext_noop("The file is no Word document (.docx), or it is damaged: save it anew as one.")


def _check_package(content: bytes) -> None:
    try:
        with Parts(BytesIO(content), most=_MOST_PARTS, most_inflated=_MOST_UNPACKED) as parts:
            markup = 0
            for name, pieces in parts.read():
                content = b"".join(pieces)
                if name.lower().endswith(_MARKUP):
                    markup += content.count(b"<") + content.count(b"=")
                    if markup > _MOST_MARKUP:
                        raise Refused(Problem(_TOO_MUCH, {"most": _MOST_MARKUP}))
                _check_part(name, content)
    except Harmful as harmful:
        words = {"most": _MOST_UNPACKED >> 20, "part": harmful.part}
        raise Refused(Problem(_SAID.get(harmful.why, _NO_WORD), words)) from harmful
    except etree.XMLSyntaxError as error:
        raise Refused(Problem(_NO_WORD)) from error


def _check_part(name: str, content: bytes) -> None:
    if _UNSAFE_PART.search(name):
        message = gettext_noop("The document template holds macros or embedded objects (%(part)s): take them out.")
        raise Refused(Problem(message, {"part": name}))
    if not name.lower().endswith(_MARKUP):
        return
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    if name == "[Content_Types].xml":
        _check_types(content, root)
    fields = b" ".join(
        (each.text or each.get(f"{{{each.nsmap.get('w', '')}}}instr") or "").encode() for each in root.iter("{*}instrText", "{*}fldSimple")
    )
    if found := _UNSAFE_FIELD.search(fields):
        message = gettext_noop("The document template has a field %(field)s, which draws on other files: take it out.")
        raise Refused(Problem(message, {"field": found[0].decode()}))


def _check_types(content: bytes, root: etree._Element) -> None:
    """Markup is called so: what is read as markup has been looked through as such."""
    if _MAIN not in content:
        raise Refused(Problem(gettext_noop("The file is no Word document (.docx), or one with macros: save it as .docx.")))
    for each in root.iterchildren(etree.Element):
        kind, name = each.get("ContentType", ""), each.get("PartName") or f".{each.get('Extension')}"
        if kind.endswith("xml") and not kind.startswith("image/") and not name.lower().endswith(_MARKUP):
            raise Refused(Problem(_NO_WORD))


# --- The placeholders -------------------------------------------------------------------------------


def _placeholders(content: bytes) -> Iterator[tuple[str, str]]:
    """The parts of a Word file in which placeholders are filled, as docxtpl gives them to jinja."""
    try:
        document = DocxTemplate(BytesIO(content))
        document.init_docx()
        yield "document", document.patch_xml(document.get_xml())
        for uri, name in ((document.HEADER_URI, "header"), (document.FOOTER_URI, "footer")):
            for _key, part in document.get_headers_footers(uri):
                yield name, document.patch_xml(document.get_part_xml(part))
        for name in ("author", "comments", "identifier", "language", "subject", "title"):
            yield "properties", str(getattr(document.docx.core_properties, name))
        for part in document.docx.part.package.parts:
            if part.content_type.endswith("footnotes+xml"):
                yield "footnotes", document.patch_xml(part.blob.decode())
    except (PackageNotFoundError, KeyError, ValueError, AttributeError, etree.XMLSyntaxError) as error:
        raise Refused(Problem(_NO_WORD)) from error


def _problems_in(part: str, xml: str) -> Iterator[Problem]:
    try:
        tree = _environment().parse(xml)
    except TemplateError as error:
        yield Problem(gettext_noop("A placeholder in the %(part)s can't be read: %(error)s"), {"part": part, "error": str(error)[:200]})
        return
    if _loops_within(tree) > _MOST_LOOPS:
        message = gettext_noop("The %(part)s repeats lists within lists more than %(most)d deep.")
        yield Problem(message, {"part": part, "most": _MOST_LOOPS})
    targets = {each.target.name for each in tree.find_all(nodes.For) if isinstance(each.target, nodes.Name)}
    for node in _all(tree):
        yield from _problems_of(node, targets, part)


def _loops_within(node: nodes.Node) -> int:
    """How deep lists are repeated within one another."""
    below = max((_loops_within(each) for each in node.iter_child_nodes()), default=0)
    return below + isinstance(node, nodes.For)


def _problems_of(node: nodes.Node, targets: set[str], part: str) -> Iterator[Problem]:
    if not isinstance(node, _TAKEN):
        words = {"kind": type(node).__name__, "part": part}
        yield Problem(gettext_noop("The %(part)s uses %(kind)s: placeholders hold names, for and if, and nothing else."), words)
    elif isinstance(node, nodes.For):
        of = node.iter
        is_list = isinstance(of, nodes.Name) and (of.name in LISTS or of.name in targets)
        is_list = is_list or (isinstance(of, nodes.Getattr) and of.attr in ("columns", "rows"))
        if not is_list or node.recursive or not isinstance(node.target, nodes.Name):
            words = {"lists": ", ".join(LISTS), "part": part}
            yield Problem(gettext_noop("In the %(part)s something else than a list is repeated; there are %(lists)s."), words)
    elif isinstance(node, nodes.Name):
        if node.name not in _NAMES | targets:
            yield Problem(gettext_noop("“%(name)s” in the %(part)s is no word that can be filled in."), {"name": node.name, "part": part})
    elif isinstance(node, nodes.Getattr):
        of_figures = isinstance(node.node, nodes.Name) and node.node.name == "figures"
        known = re.fullmatch(r"[a-z][a-z0-9_]{0,59}", node.attr) if of_figures else node.attr in _ITEMS | _LOOP
        if not known or node.attr.startswith("_") or not isinstance(node.node, nodes.Name):
            yield Problem(gettext_noop("“%(name)s” in the %(part)s is no word that can be filled in."), {"name": node.attr, "part": part})


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


# --- The words --------------------------------------------------------------------------------------


class _Figures(dict[str, str]):
    """A code that the template version doesn't have is printed as dots."""

    def __missing__(self, code: str) -> str:
        return "……"


def _clean(value: Any) -> Any:
    """Words without what XML can't hold, and without what docxtpl reads as a break within a paragraph."""
    if isinstance(value, str):
        return " ".join(_CONTROL.sub("", value).split()) if "\n" in value or "\t" in value else _CONTROL.sub("", value)
    if isinstance(value, dict):
        return {name: _Figures(_clean(each)) if name == "figures" else _clean(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_clean(each) for each in value]
    return value


def _example() -> dict[str, Any]:
    """A report with something of everything, to try a template with."""
    row = {"is_section": False, "number": "1", "name": "Chỉ tiêu", "unit": "cuộc", "now": "1", "year_ago": "1", "change": "="}
    return {
        **dict.fromkeys(WORDS, "Thử"),
        "recipients": ["Như trên", "Lưu"],
        "body": [
            *({"kind": kind, "text": "Thử"} for kind in KINDS[:-1]),
            {"kind": "table", "columns": ["Việc", "Kết quả"], "rows": [["a", "b"]]},
        ],
        "annex": [{"is_section": True, "name": "A"}, row],
        "figures": {},
    }
