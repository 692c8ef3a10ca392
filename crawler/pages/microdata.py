"""JobPostings written as microdata or RDFa → the same objects as JSON-LD.

Boards forget `itemscope` on nested items and cut fragments out of their own pages, so an item
also takes the properties of children that claim none, and a page whose properties name a job
without saying `JobPosting` is read as one.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from crawler.pages.draft import Draft
from crawler.pages.job_posting import draft_of
from crawler.pages.query import strings
from crawler.parse.plain import element_text

_URL_ATTRIBUTES = {"a": "href", "link": "href", "area": "href", "img": "src", "object": "data"}
_NESTED = {"hiringOrganization", "jobLocation", "address", "baseSalary", "value", "estimatedSalary"}
_PROSE = {"description", "responsibilities", "qualifications", "skills"}
_TELLING = {"hiringOrganization", "jobLocation", "datePosted", "employmentType", "baseSalary", "validThrough"}
_POSTING = "JobPosting"
_ENOUGH = 3
_MAX_ITEMS, _MAX_REFERENCES, _MAX_REFERRING = 500, 20, 20


def _local(name: str) -> str:
    return name.rpartition("/")[2].rpartition("#")[2].rpartition(":")[2]


class Markup:
    """The attribute names of one of the two ways to mark items up."""

    def __init__(self, name: str, prop: str, kind: str) -> None:
        self.name, self.prop, self.kind = name, prop, kind

    def properties(self, element: etree._Element) -> list[str]:
        """The property names an element states, without vocabulary prefix."""
        stated = (element.get(self.prop) or "").split()
        if self.prop == "property":
            # RDFa may tie a nested item by `rel`, which otherwise is an ordinary link's
            stated += [name for name in (element.get("rel") or "").split() if _local(name) in _NESTED]
        return [_local(name) for name in stated]

    def is_item(self, element: etree._Element) -> bool:
        """Whether the element begins an item of its own."""
        return self.kind in element.attrib or "itemscope" in element.attrib

    def type_of(self, element: etree._Element) -> str:
        """The item's type without vocabulary; of several, that of a job."""
        kinds = [_local(kind.rstrip("/")) for kind in (element.get(self.kind) or "").split()]
        return _POSTING if _POSTING in kinds else kinds[-1] if kinds else ""


MICRODATA = Markup("microdata", "itemprop", "itemtype")
RDFA = Markup("rdfa", "property", "typeof")


def read_microdata(root: etree._Element) -> tuple[Draft, ...]:
    """Give the JobPostings of a page in microdata and RDFa, or the job its loose properties describe."""
    for markup in (MICRODATA, RDFA):
        items = [element for element in root.iter(etree.Element) if markup.type_of(element) == _POSTING]
        if len(items) > _MAX_REFERRING:
            for item in items:
                item.attrib.pop("itemref", "")
        drafts = tuple(_draft(item, markup) for item in items[:_MAX_ITEMS])
        if drafts:
            return tuple(draft for draft in drafts if draft.title or draft.description)
    loose = _properties(root, MICRODATA)
    if "title" in loose and len(_TELLING & set(loose)) + ("description" in loose) >= _ENOUGH:
        return (draft_of(loose, reader="microdata"),)
    return ()


def _draft(item: etree._Element, markup: Markup) -> Draft:
    node = _properties(item, markup)
    if "url" not in node:
        links = strings(
            item, f".//*[@{markup.prop}='title']//a/@href | .//a[.//*[@{markup.prop}='title']]/@href"
        )
        if links:
            node["url"] = links[0]
    return draft_of(node, reader=markup.name)


def _properties(item: etree._Element, markup: Markup) -> dict[str, Any]:
    """Collect an item's properties; nested items become objects of their own."""
    node: dict[str, Any] = {}
    for element in _owned(item, markup):
        for name in markup.properties(element):
            if name:
                _add(node, name, _value(element, name, markup))
    return node


def _owned(item: etree._Element, markup: Markup) -> Iterator[etree._Element]:
    """The elements whose properties belong to `item`, in document order."""
    stack = [*reversed(_referred(item)), *reversed(item)]
    while stack:
        element = stack.pop()
        if not isinstance(element.tag, str):
            continue
        names = markup.properties(element)
        if names:
            yield element
        if markup.is_item(element) and not (set(names) & _PROSE):
            # an organisation inside a description still is the job's organisation
            continue
        if _NESTED & set(names) and _children(element, markup):
            continue
        stack.extend(reversed(element))


def _referred(item: etree._Element) -> list[etree._Element]:
    """Elements elsewhere on the page that a microdata item takes as its own, by `itemref`."""
    names = (item.get("itemref") or "").split()[:_MAX_REFERENCES]
    by_id = (
        {
            name: element
            for element in item.getroottree().iter(etree.Element)
            if (name := element.get("id")) in names
        }
        if names
        else {}
    )
    above = set(item.iterancestors())
    return [by_id[name] for name in names if name in by_id and by_id[name] not in above]


def _children(element: etree._Element, markup: Markup) -> bool:
    return any(markup.prop in child.attrib for child in element.iterdescendants(etree.Element))


def _value(element: etree._Element, name: str, markup: Markup) -> Any:
    if markup.is_item(element) or (name in _NESTED and _children(element, markup)):
        nested = _properties(element, markup)
        kind = markup.type_of(element)
        if nested or not element_text(element):
            return {"@type": kind, **nested}
    for attribute in ("content", "datetime"):
        if element.get(attribute) is not None:
            return element.get(attribute)
    tag = str(element.tag).lower()
    if tag in _URL_ATTRIBUTES and name in {"url", "sameAs", "logo", "image"}:
        return element.get(_URL_ATTRIBUTES[tag])
    return element_text(element)


def _add(node: dict[str, Any], name: str, value: Any) -> None:
    if value in (None, ""):
        return
    if name not in node:
        node[name] = value
    elif name in {"title", "name", "datePosted", "url"} | _PROSE:
        return
    elif isinstance(node[name], list):
        node[name].append(value)
    else:
        node[name] = [node[name], value]
