"""What /docs shows: the API's schema as one page without scripts or browser libraries."""

from html import escape
from typing import Any, Final

STYLE: Final = """
:root { color-scheme: light dark; --line: #77849a; --quiet: #4b586a; --bg: #fff; --ink: #141d2b; }
@media (prefers-color-scheme: dark) {
  :root { --line: #7f8da0; --quiet: #a9b6c6; --bg: #0d1219; --ink: #eef2f7; }
}
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif;
  background: var(--bg); color: var(--ink); }
section { border-top: 1px solid var(--line); padding: 0.5rem 0 1rem; }
h2 code { font-size: 1rem; overflow-wrap: anywhere; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 650; }
.quiet { color: var(--quiet); }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 1rem 0.2rem 0; }
"""

_HEAD: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/docs/style.css"></head><body>
<h1>{title}</h1>
<p>The same as data: <a href="/openapi.json">/openapi.json</a>.</p>
<h2>Sign in</h2>
<p>Programs send <code>Authorization: Bearer TOKEN</code> with each request. Browsers send the token
once to <code>POST /api/v1/session</code> as <code>{{"token": "…"}}</code> and get a cookie. Changes
with the cookie must come from a page of the same address.</p>
<h2>Errors</h2>
<p>Errors are <code>application/problem+json</code> with a stable <code>code</code>. They never
repeat what was sent.</p>
<main>
"""


def docs_page(schema: dict[str, Any]) -> str:
    """Give the page for an OpenAPI 3.1 schema. Everything taken from it is escaped."""
    parts = [_HEAD.format(title=escape(schema["info"]["title"]))]
    for path, methods in schema["paths"].items():
        parts.extend(_operation(path, method, told) for method, told in methods.items())
    parts.append("</main><h2>Shapes</h2>")
    for name, shape in schema.get("components", {}).get("schemas", {}).items():
        parts.append(_shape(name, shape))
    parts.append("</body></html>\n")
    return "\n".join(parts)


def _operation(path: str, method: str, told: dict[str, Any]) -> str:
    rows = [
        (one["name"], f"{one['in']}, {_type(one['schema'])}", one.get("required", False))
        for one in told.get("parameters", [])
    ]
    for media, content in told.get("requestBody", {}).get("content", {}).items():
        rows.append(("body", f"{media}, {_type(content['schema'])}", True))
    answers = [
        f"{status}: {_answer(answer)}" for status, answer in told.get("responses", {}).items()
    ]
    return (
        f'<section><h2><span class="method">{escape(method.upper())}</span> '
        f"<code>{escape(path)}</code></h2><p>{escape(told.get('description', ''))}</p>"
        + _table(rows)
        + f'<p class="quiet">Answers {escape("; ".join(answers))}</p></section>'
    )


def _answer(answer: dict[str, Any]) -> str:
    kinds = [
        _type(content["schema"])
        if "title" in content.get("schema", {}) or "$ref" in str(content)
        else media
        for media, content in answer.get("content", {}).items()
    ]
    return ", ".join(kinds) or "no body"


def _shape(name: str, shape: dict[str, Any]) -> str:
    required = shape.get("required", [])
    rows = [(key, _type(of), key in required) for key, of in shape.get("properties", {}).items()]
    told = shape.get("description", "") + (
        f" One of: {', '.join(map(str, shape['enum']))}." if "enum" in shape else ""
    )
    return (
        f'<section id="{escape(name)}"><h3>{escape(name)}</h3><p>{escape(told)}</p>'
        + _table(rows)
        + "</section>"
    )


def _table(rows: list[tuple[str, str, bool]]) -> str:
    if not rows:
        return ""
    lines = (
        f"<tr><th scope=row><code>{escape(name)}</code></th><td>{escape(kind)}</td>"
        f"<td>{'required' if required else 'optional'}</td></tr>"
        for name, kind, required in rows
    )
    return f"<table>{''.join(lines)}</table>"


def _type(schema: dict[str, Any]) -> str:
    """Give a JSON schema's type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"{_type(schema['additionalProperties'])}, by name"
    limits = [
        f"{word} {schema[key]:g}" if isinstance(schema[key], float) else f"{word} {schema[key]}"
        for key, word in (
            ("minimum", "from"),
            ("maximum", "to"),
            ("maxLength", "at most characters:"),
            ("format", "as"),
        )
        if key in schema
    ]
    return " ".join([kind, *limits])
