"""XPath with plain results: lists of elements, or lists of strings."""

from lxml import etree


def elements(node: etree._Element, path: str) -> list[etree._Element]:
    """Give the elements a path finds."""
    found = node.xpath(path)
    return [item for item in found if isinstance(item, etree._Element)] if isinstance(found, list) else []  # noqa: SLF001


def strings(node: etree._Element, path: str) -> list[str]:
    """Give the texts or attribute values a path finds."""
    found = node.xpath(path)
    return [str(item) for item in found if isinstance(item, str)] if isinstance(found, list) else []
