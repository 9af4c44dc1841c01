"""PostgreSQL stores every character but one: U+0000 becomes U+FFFD on the way there, as a decoder would have it.

https://www.postgresql.org/docs/current/datatype-character.html, and for JSON datatype-json.html
"""

from __future__ import annotations

import json
import re
from typing import Any

_REPLACEMENT = "\ufffd"
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def storable_json(value: Any) -> str:
    """As `json.dumps`."""
    text = json.dumps(value)
    return _ESCAPED_NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


def with_storable_texts(
    _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, executemany: bool
) -> tuple[str, Any]:
    """SQLAlchemy's event `before_cursor_execute`, asked for with `retval=True`."""
    return statement, [_storable(row) for row in parameters] if executemany else _storable(parameters)


def _storable(parameters: Any) -> Any:
    if not any(isinstance(value, str) and "\0" in value for value in parameters):
        return parameters
    return tuple(value.replace("\0", _REPLACEMENT) if isinstance(value, str) else value for value in parameters)
