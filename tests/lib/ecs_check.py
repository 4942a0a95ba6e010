#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Is a JSON line an event of the Elastic Common Schema, as far as vigie uses it?

ecs_fields.json is cut from ECS 8.17's generated/ecs/ecs_flat.yml: the fields that vigie emits,
each with its type, whether it is an array, and its allowed values. Everything of ours is under
"vigie". `check(event)` returns what is wrong, as a list of texts.
"""
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "ecs_fields.json"), encoding="ascii") as _f:
    FIELDS = json.load(_f)
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
REQUIRED = ("@timestamp", "message", "log.level", "ecs.version", "event.kind", "event.category",
            "event.type", "event.action", "event.dataset", "event.sequence", "event.hash")


def leaves(value, path=""):
    for key, inner in value.items():
        name = f"{path}.{key}" if path else key
        if isinstance(inner, dict) and name not in FIELDS:
            yield from leaves(inner, name)
        else:
            yield name, inner


def type_is_right(value, kind):
    if kind in ("keyword", "match_only_text", "text"):
        return isinstance(value, str)
    if kind == "long":
        return isinstance(value, int) and not isinstance(value, bool) and -2**63 <= value < 2**63
    return kind == "date" and isinstance(value, str) and DATE.match(value) is not None


def check(event):
    problems = []
    found = dict(leaves({k: v for k, v in event.items() if k != "vigie"}))
    problems += [f"{name} is missing" for name in REQUIRED if name not in found]
    for name, value in found.items():
        field = FIELDS.get(name)
        if not field:
            problems.append(f"{name} is no field of ECS")
            continue
        values = value if field.get("array") else [value]
        if not isinstance(values, list):
            problems.append(f"{name} must be an array")
            continue
        for one in values:
            if not type_is_right(one, field["type"]):
                problems.append(f"{name}: {one!r} is no {field['type']}")
            elif field.get("allowed") and one not in field["allowed"]:
                problems.append(f"{name}: {one!r} is not allowed")
    for category in found.get("event.category", []):
        for kind in found.get("event.type", []):
            if kind not in FIELDS["event.category"]["types"].get(category, []):
                problems.append(f"event.type {kind} does not go with event.category {category}")
    return problems
