# SPDX-License-Identifier: Apache-2.0
"""Text from outside, as a log and a terminal can show it; the daemon's base/display.h has the same rule.

Names, errors and warnings may have line feeds that forge lines of a log, escape sequences that a terminal
obeys, and characters that are invisible or that reorder the text around them.
"""

import unicodedata

# Control and format characters, surrogates, separators of lines and paragraphs.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_NAMES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _shown(character: str) -> str:
    code_point = ord(character)
    if unicodedata.category(character) not in _HIDDEN and not 0xe0000 <= code_point <= 0xe0fff:
        return character
    if code_point < 0x80:
        return _NAMES.get(character) or f"\\x{code_point:02x}"
    return f"\\u{code_point:04x}" if code_point < 0x10000 else f"\\U{code_point:08x}"


def printable(text: object) -> str:
    """Returns str(text) as one line without such characters: they are escaped, as in Python's literals."""
    text = str(text)
    return text if text.isprintable() else "".join(map(_shown, text))
