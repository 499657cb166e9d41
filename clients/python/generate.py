"""Writes `tillpass_client/_generated.py` from the API's description:

tillpass openapi | python clients/python/generate.py
"""

from __future__ import annotations

import json
import keyword
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("tillpass_client") / "_generated.py"
Json = Mapping[str, Any]
_HEAD = '''"""Types and calls of the API. Generated from its description by `generate.py`: do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NotRequired, TypedDict, cast

from tillpass_client.transport import Room, Transport
'''
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def written(spec: Json) -> str:
    """The module's text."""
    schemas = spec["components"]["schemas"]
    types = [typed_dict(name, schemas[name]) for name in sorted(schemas)]
    rooms: dict[str, list[str]] = {}
    for path, methods in spec["paths"].items():
        for method, about in methods.items():
            rooms.setdefault(about["tags"][0], []).append(call(method.upper(), path, about, schemas))
    classes = [room(name, calls) for name, calls in sorted(rooms.items())]
    return "\n\n".join([_HEAD, *types, *classes, client(sorted(rooms))]) + "\n"


def class_name(name: str) -> str:
    """A schema's or a room's name as Python writes classes."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def hint(schema: Any) -> str:
    """The type of a schema."""
    if not isinstance(schema, Mapping) or not schema:
        return "Any"
    if "$ref" in schema:
        return class_name(schema["$ref"].rsplit("/", 1)[-1])
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(repr(each) for each in schema['enum'])}]"
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if options:
        return " | ".join(dict.fromkeys(hint(each) for each in options))
    kind = schema.get("type")
    if kind == "array":
        return f"list[{hint(schema.get('items'))}]"
    if kind == "object":
        return f"dict[str, {hint(schema.get('additionalProperties'))}]"
    return _PLAIN.get(str(kind), "Any")


def typed_dict(name: str, schema: Json) -> str:
    """A schema as a type."""
    if "properties" not in schema:
        return f"{class_name(name)} = {quoted(hint(schema))}\n"
    fields = {field: field_hint(field, each, schema) for field, each in schema["properties"].items()}
    if any(keyword.iskeyword(field) or not field.isidentifier() for field in fields):
        inside = ", ".join(f"{field!r}: {quoted(each)}" for field, each in fields.items())
        return f'{class_name(name)} = TypedDict("{class_name(name)}", {{{inside}}})\n'
    lines = [f"class {class_name(name)}(TypedDict):", *documented(schema.get("description", ""))]
    lines += [f"    {field}: {each}" for field, each in fields.items()]
    return "\n".join(lines if len(lines) > 1 else [*lines, "    pass"]) + "\n"


def field_hint(field: str, each: Json, schema: Json) -> str:
    """The type of a field, and whether it may be left out."""
    return hint(each) if field in schema.get("required", ()) else f"NotRequired[{hint(each)}]"


def quoted(text: str) -> str:
    """A type that is looked up later."""
    return '"' + text.replace('"', "'") + '"' if re.search(r"[A-Z|]", text) else text


def documented(text: str, indent: str = "    ") -> list[str]:
    """A docstring."""
    words = " ".join(text.split()).replace("\\", "\\\\").replace('"""', "'''")
    if not words:
        return []
    body = textwrap.wrap(words, 100, break_on_hyphens=False)
    if len(body) == 1:
        return [f'{indent}"""{body[0]}"""', ""] if indent == "    " else [f'{indent}"""{body[0]}"""']
    closed = [f'{indent}"""{body[0]}', *(indent + line for line in body[1:]), f'{indent}"""']
    return [*closed, ""] if indent == "    " else closed


def call(method: str, path: str, about: Json, schemas: Json) -> str:
    """A method of a room, and where the answer is a part of a list, one that walks over all of it."""
    name = about["operationId"].removeprefix(about["tags"][0] + "_")
    parts = list(parameters(about))
    made = method_text(name, method, path, about, parts)
    if method == "GET" and any(each["name"] == "cursor" for each in about["parameters"]):
        page = next(each for each in schemas if class_name(each) == gives(about))
        made += "\n" + walk_text(name, about, hint(schemas[page]["properties"]["items"]["items"]))
    return made


def parameters(about: Json) -> Iterable[tuple[str, str, str, bool]]:
    """What a call takes: (name, type, place, needed), those that are needed first."""
    known = about["parameters"]
    for each in known:
        if each["in"] == "path":
            yield each["name"], hint(each["schema"]), "path", True
    yield from bodies(about.get("requestBody", {}))
    several = len(next(iter(about["responses"].values())).get("content", {})) > 1
    for each in known:
        if each["in"] == "query" and not (several and each["name"] == "format"):
            yield each["name"], hint(each["schema"]), "query", each["required"]
    headers = {each["name"] for each in known if each["in"] == "header"}
    for header, name in (("Idempotency-Key", "key"), ("If-Match", "if_match")):
        if header in headers:
            yield name, "str", "header", False


def bodies(told: Json) -> Iterable[tuple[str, str, str, bool]]:
    """What a call takes as its body: JSON, a form with a file, or a file as it is."""
    content = told.get("content", {})
    if set(content) == {"application/json"}:
        yield "body", hint(content["application/json"]["schema"]), "body", told.get("required", False)
    elif "multipart/form-data" in content:
        fields = content["multipart/form-data"]["schema"]["properties"]
        for name, each in fields.items():
            is_file = "contentMediaType" in each
            yield name, "bytes" if is_file else "str", "file" if is_file else "form", is_file
    elif content:
        yield "content", "bytes", "raw", True
        yield "content_type", f"Literal[{', '.join(repr(each) for each in content)}]", "raw", True


def gives(about: Json) -> str:
    """The type of what the call gives where all is well; a file comes in pieces."""
    fine = next(each for status, each in about["responses"].items() if status.startswith("2"))
    content = fine["content"]
    if "application/json" not in content:
        return "Iterator[bytes]"
    return hint(content["application/json"]["schema"])


def safe(name: str) -> str:
    """A name that is no word of the language."""
    return f"{name}_" if keyword.iskeyword(name) else name


def method_text(
    name: str, method: str, path: str, about: Json, parts: list[tuple[str, str, str, bool]]
) -> str:
    """One call."""
    answer = gives(about)
    plain = [f"{safe(part)}: {kind}" for part, kind, _, needed in parts if needed]
    left_out = [
        (place, f"{safe(part)}: {optional(kind)} = None") for part, kind, place, needed in parts if not needed
    ]
    plain += [each for place, each in left_out if place == "body"]
    named = [each for place, each in left_out if place != "body"]
    said = [f"{part!r}: {safe(part)}" for part, _, place, _ in parts if place == "query"]
    address = 'f"' + re.sub(r"\{(\w+)\}", r"{self.part(\1)}", path) + '"' if "{" in path else f'"{path}"'
    more = [f"query={{{', '.join(said)}}}"] if said else []
    more += [f"body={part}" for part, _, place, _ in parts if place == "body"]
    more += [f'file=("{part}", {safe(part)})' for part, _, place, _ in parts if place == "file"]
    fields = [f"{part!r}: {safe(part)}" for part, _, place, _ in parts if place == "form"]
    more += [f"form={{{', '.join(fields)}}}"] if fields else []
    more += ["raw=(content, content_type)"] if any(place == "raw" for _, _, place, _ in parts) else []
    has = {part for part, _, place, _ in parts if place == "header"}
    more += ["key=key", "keyed=True"] if "key" in has else []
    more += ["if_match=if_match"] if "if_match" in has else []
    more += ["repeatable=True"] if about.get("x-repeatable") else []
    signature = signed(name, plain, named, answer)
    text = documented(f"{about['summary']}. {about['description'].split(chr(10) * 2 + 'Scope')[0]}", " " * 8)
    if answer == "Iterator[bytes]":
        asked = listed("return self.pieces(", [f'"{method}"', address, *more], ")")
    else:
        asked = listed(f'return cast("{answer}", self.call(', [f'"{method}"', address, *more], "))")
    return "\n".join([*signature, *text, *asked]) + "\n"


def walk_text(name: str, about: Json, item: str) -> str:
    """One call that asks for part after part."""
    query = [
        each
        for each in about["parameters"]
        if each["in"] == "query" and each["name"] not in ("cursor", "format")
    ]
    path = [each for each in about["parameters"] if each["in"] == "path"]
    plain = [f"{safe(each['name'])}: {hint(each['schema'])}" for each in path]
    plain += [f"{safe(each['name'])}: {hint(each['schema'])}" for each in query if each["required"]]
    named = [
        f"{safe(each['name'])}: {optional(hint(each['schema']))} = None"
        for each in query
        if not each["required"]
    ]
    given = [safe(each["name"]) for each in path]
    given += [f"{safe(each['name'])}={safe(each['name'])}" for each in query] + ["cursor=cursor"]
    signature = signed(f"{name}_each", plain, named, f"Iterator[{item}]")
    asked = listed("yield from self.walk(lambda cursor: cast(Any, self." + name + "(", given, ")))")
    return "\n".join([*signature, *documented(f"All of `{name}`, part after part.", " " * 8), *asked]) + "\n"


def optional(kind: str) -> str:
    """The type, or nothing."""
    return kind if kind.endswith("None") or kind == "Any" else f"{kind} | None"


def signed(name: str, plain: list[str], named: list[str], gives: str) -> list[str]:
    """The first lines of a method."""
    given = ["self", *plain, *(["*", *named] if named else [])]
    return listed(f"def {safe(name)}(", given, f") -> {gives}:", indent="    ")


def listed(begin: str, parts: list[str], end: str, indent: str = "        ") -> list[str]:
    """Parts with commas, on one line where they fit."""
    line = f"{indent}{begin}{', '.join(parts)}{end}"
    if len(line) <= 110:
        return [line]
    return [f"{indent}{begin}", *(f"{indent}    {part}," for part in parts), f"{indent}{end}"]


def room(name: str, calls: list[str]) -> str:
    """The calls of a room."""
    return f"class {class_name(name)}Calls(Room):\n" + "\n".join(calls)


def client(rooms: list[str]) -> str:
    """All rooms behind one door."""
    lines = ["class Rooms:", '    """Every call of the API, by room."""', ""]
    lines += ["    def __init__(self, transport: Transport) -> None:"]
    lines += [f"        self.{name} = {class_name(name)}Calls(transport)" for name in rooms]
    return "\n".join(lines)


if __name__ == "__main__":
    TARGET.write_text(written(json.load(sys.stdin)), encoding="utf-8")
