"""The run's report as a page for people; `report.json` holds the same figures."""

import html
from pathlib import Path
from typing import Any

_COLUMNS = (
    "pages",
    "budget",
    "adverts",
    "new",
    "changed",
    "unchanged",
    "gone",
    "failed",
    "confirmed",
    "confirmed_per_1000",
    "seconds",
)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c1c1c;background:#fff}"
    "table{border-collapse:collapse;margin:1rem 0}th,td{padding:.3rem .8rem;border-bottom:1px solid #ccc;text-align:right}"
    "th:first-child,td:first-child{text-align:left}.bad{color:#a00}"
)


def write_html(report: dict[str, Any], path: Path) -> None:
    """Write the report as one self-contained page without scripts."""
    sources = report["sources"]
    rows = "".join(
        f"<tr><td>{_text(name)}</td>{''.join(f'<td>{_text(source[column])}</td>' for column in _COLUMNS)}</tr>"
        for name, source in sources.items()
    )
    sections = "".join(_section(name, source) for name, source in sources.items())
    path.write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Crawl report</title>"
        f"<style>{_STYLE}</style><h1>Crawl report</h1><p>{_text(report['started'])} to {_text(report['finished'])}</p>"
        f"{_problems(report['problems'])}<table><tr><th>source</th>{''.join(f'<th>{column}</th>' for column in _COLUMNS)}</tr>{rows}</table>"
        f"{sections}</html>\n",
        encoding="utf-8",
    )


def write_metrics(report: dict[str, Any], path: Path) -> None:
    """Write the figures in Prometheus' text format, for a node exporter's textfile collector."""
    lines = []
    for metric in (*_COLUMNS, "bytes", "not_modified", "listings"):
        lines.append(f"# TYPE lurewatch_crawl_{metric} gauge")
        lines += [
            f'lurewatch_crawl_{metric}{{source="{name}"}} {source[metric]}'
            for name, source in report["sources"].items()
        ]
    lines.append("# TYPE lurewatch_crawl_faults gauge")
    for name, source in report["sources"].items():
        lines += [
            f'lurewatch_crawl_faults{{source="{name}",fault="{what}"}} {n}'
            for what, n in source["faults"].items()
        ]
    lines.append("# TYPE lurewatch_crawl_problems gauge")
    lines += [
        f'lurewatch_crawl_problems{{source="{name}"}} {len(source["problems"])}'
        for name, source in report["sources"].items()
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _problems(problems: list[str]) -> str:
    if not problems:
        return "<p>Everything is as the source files expect.</p>"
    return f"<h2 class=bad>Fell short</h2><ul>{''.join(f'<li>{_text(problem)}</li>' for problem in problems)}</ul>"


def _section(name: str, source: dict[str, Any]) -> str:
    parts = [("Share of adverts with the field", {k: f"{v:.0%}" for k, v in source["coverage"].items()})]
    parts += [
        ("Faults", source["faults"]),
        ("Left out on purpose", source["refused"]),
        ("Values to look at", source["signals"]),
    ]
    tables = "".join(f"<h3>{title}</h3>{_table(values)}" for title, values in parts if values)
    return f"<h2>{_text(name)}</h2>{tables}"


def _table(values: dict[str, Any]) -> str:
    return f"<table>{''.join(f'<tr><td>{_text(k)}</td><td>{_text(v)}</td></tr>' for k, v in values.items())}</table>"


def _text(value: object) -> str:
    return html.escape(str(value))
