"""Reads the headers of messages as programs do that use Python's email package.

Input: a JSON list of messages in base64. Output: a JSON list with an object for
each message, which holds for each way of reading its fields as [name, value].
"""

import base64
import email
import email.header
import email.policy
import json
import sys


def decoded(value):
    """The value of a field as email.header shows it."""
    return str(email.header.make_header(email.header.decode_header(value)))


def fields(raw, policy, show=str):
    message = email.message_from_bytes(raw, policy=policy)
    found = []
    for name, value in message.raw_items():
        try:
            value = show(policy.header_fetch_parse(name, value))
        except Exception as fault:  # what it cannot read, it shows to nobody
            value = "unreadable: %s" % fault
        found.append((name, value))
    return found


def read(raw):
    return {
        "default": fields(raw, email.policy.default),
        "compat32": fields(raw, email.policy.compat32),
        "compat32 and email.header": fields(raw, email.policy.compat32, decoded),
    }


json.dump([read(base64.b64decode(message)) for message in json.load(sys.stdin)], sys.stdout)
