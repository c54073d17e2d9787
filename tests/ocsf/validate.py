#!/usr/bin/env python3
"""Reads event lines on standard input and checks each against the published OCSF schema.

Exits 0 if all are valid, 1 with the reason for each that is not, 2 if there was none or if the
validator itself lets a broken event pass. Lines that are not JSON objects are the application's.
"""

import copy
import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.5.0"
LONGEST = 4096  # PIPE_BUF, with the newline before and the one after

raw = get_ocsf_schema(version=VERSION)
schemas = OcsfJsonSchemaEmbedded(raw)
validators = {}


def validator(class_uid, profiles):
    """The validator of a class with the profiles that the event says it has."""
    key = (class_uid, tuple(profiles))
    if key not in validators:
        name = schemas.lookup_class_name_from_uid(class_uid)
        validators[key] = Draft202012Validator(schemas.get_class_schema(name, list(profiles)))
    return validators[key]


def captions(event):
    """Numbers whose caption beside them is not the schema's; JSON Schema cannot say this."""
    name = schemas.lookup_class_name_from_uid(event["class_uid"])
    for field, attribute in raw["classes"][name]["attributes"].items():
        sibling = attribute.get("sibling")
        if field in event and sibling in event:
            caption = attribute["enum"].get(str(event[field]), {}).get("caption")
            if event[sibling] != caption:
                yield f"{sibling}: {event[sibling]!r} is not {caption!r}"


def faults(event):
    """Everything that is wrong with one event."""
    try:
        check = validator(event["class_uid"], event["metadata"].get("profiles", []))
    except (KeyError, TypeError, ValueError) as error:
        return [f"no class to check against: {error!r}"]
    found = [f"{error.json_path}: {error.message[:300]}" for error in check.iter_errors(event)]
    if event["metadata"].get("version") != VERSION:
        found.append(f"$.metadata.version: not {VERSION}")
    if event.get("type_uid") != event["class_uid"] * 100 + event.get("activity_id", -1):
        found.append("$.type_uid: not class_uid * 100 + activity_id")
    return found + list(captions(event))


def broken(event):
    """The event with one thing wrong at a time: each must be noticed."""
    for path in required(event):
        bad = copy.deepcopy(event)
        parent = bad
        for step in path[:-1]:
            parent = parent[step]
        del parent[path[-1]]
        yield f"without {'.'.join(map(str, path))}", bad
    yield "with an unknown field", {**event, "no_such_field": 1}
    yield "with text for a number", {**event, "severity_id": "high"}
    yield "with an unknown activity", {**event, "activity_id": 77, "type_uid": event["class_uid"] * 100 + 77}
    yield "with another caption", {**event, "severity": "Dire"}
    if "action_id" in event:
        yield "without its profiles", {**event, "metadata": {**event["metadata"], "profiles": []}}


def required(event):
    """Paths of the fields without which an event of ours is none."""
    base = ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"]
    paths = [[name] for name in base]
    paths += [["metadata", "product"], ["metadata", "version"], ["metadata", "product", "name"]]
    if event["class_uid"] == 2004:
        paths += [["finding_info"], ["finding_info", "uid"], ["finding_info", "analytic", "type_id"]]
        paths += [["resources", 0, "name"]] if "uid" not in event["resources"][0] else []
    else:
        paths += [["app"], ["app", "name"]]
    if "cloud" in event["metadata"]["profiles"]:
        paths += [["cloud"], ["cloud", "provider"]]
    return paths


def main():
    events, invalid, missed = 0, 0, 0
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if not line.startswith(b"{"):
            continue
        events += 1
        event = json.loads(line)
        found = faults(event)
        if len(line) + 1 > LONGEST:
            found.append(f"{len(line) + 1} bytes with its newlines")
        for fault in found:
            print(f"line {number}: {fault}", file=sys.stderr)
        invalid += bool(found)
        for what, bad in broken(event) if not found else ():
            if not faults(bad):
                missed += 1
                print(f"line {number}: the validator takes the event {what}", file=sys.stderr)
    print(f"{events - invalid} passed, {invalid} failed")
    if not events:
        print("no event to validate", file=sys.stderr)
    return 2 if missed or not events else int(invalid > 0)


if __name__ == "__main__":
    sys.exit(main())
