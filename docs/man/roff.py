# SPDX-License-Identifier: Apache-2.0
"""Text, and a part of Markdown, as man(7)."""

import re


def escape(text):
    """Text as roff has it: nothing in it is a request, an escape or a hyphenation."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    text = text.replace("^", "\\(ha").replace("~", "\\(ti").replace("\N{MIDDLE DOT}", "\\(bu")
    return "\n".join("\\&" + line if line.startswith((".", "\\(aq")) else line for line in text.split("\n"))


def macro(name, *arguments):
    return f".{name} " + " ".join('"{}"'.format(escape(text).replace('"', "\\(dq")) for text in arguments) + "\n"


def inline(text):
    """Markdown within a line: code and emphasis are bold, links are their text."""
    text = re.sub(r"<a id=[^>]*></a>", "", text)
    text = re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"(`[^`]+`|\*\*[^*]+\*\*|(?<!\*)\*[^*\s][^*]*\*(?!\*))", text)
    return "".join(f"\\fB{escape(part.strip('`*'))}\\fR" if i % 2 else escape(part)
                   for i, part in enumerate(parts)).replace("\\|", "|")


def item(term, text):
    """An entry of a list; `term` and `text` are roff."""
    return f".TP\n{term}\n{text}\n" if text.strip() else f".TP\n{term}\n\\&\n"


def bold(text):
    return f"\\fB{escape(text)}\\fR"


def literal(text):
    return f".PP\n.nf\n.RS 4\n{escape(text.rstrip())}\n.RE\n.fi\n"


def cells(row):
    """The cells of a row of a table; \\| does not end one."""
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def table(rows):
    """A table as a list: the first cell is the term. A head of two cells says nothing more than its rows."""
    head = cells(rows[0])
    out = ""
    for row in rows[2:]:
        first, *rest = cells(row)
        named = [f"{name}: {inline(cell)}" if name and len(head) > 2 and i > 0 else inline(cell)
                 for i, (name, cell) in enumerate(zip([inline(name) for name in head[1:]], rest)) if cell]
        out += item(inline(first) or "\\&", "\n.br\n".join(named))
    return out


def tidy(text):
    """Without what mandoc warns of: text lines are at most 80 bytes long, none ends in a blank, no paragraph macro
    follows a heading. Lines between .nf and .fi keep their length, and so does the term of an item, which is one
    line."""
    out, literally = [], False
    for line in text.split("\n"):
        line = line.rstrip()
        literally = line == ".nf" or literally and line != ".fi"
        is_term = bool(out) and out[-1] in (".TP", ".TQ")
        if line == ".PP" and out and out[-1].startswith((".SH", ".SS")):
            continue
        while not (literally or is_term) and len(line) > 78 and not line.startswith(".") and " " in line[:78]:
            head = line[:78].rpartition(" ")[0]
            out.append(head)
            line = line[len(head) + 1:]
            line = "\\&" + line if line.startswith((".", "'")) else line
        if line or literally:
            out.append(line)
    return "\n".join(out) + "\n"


def blocks(text):
    """The blocks of a page in Markdown: (kind, lines)."""
    kind, lines = "", []
    for line in text.split("\n"):
        fence = line.startswith("```")
        if kind == "fence":
            if fence:
                yield kind, lines
                kind, lines = "", []
            else:
                lines.append(line)
            continue
        new = ("fence" if fence else "" if not line.strip() else "heading" if line.startswith("#")
               else "table" if line.startswith("|") else "code" if line.startswith("    ") and kind in ("", "code")
               else "list" if line.startswith("* ") else kind if kind in ("list", "text") else "text")
        if new != kind or new in ("heading", "list") and line.startswith(("#", "* ")):
            if lines:
                yield kind, lines
            kind, lines = new, []
        if not fence and line.strip():
            lines.append(line)
    if lines:
        yield kind, lines


def markdown(text):
    """A page in Markdown; its first heading is left out."""
    out = ""
    for kind, lines in blocks(text):
        joined = " ".join(line.strip() for line in lines)
        if kind == "heading":
            level, title = re.match(r"(#+) (.*)", lines[0]).groups()
            out += macro("SH", title.upper()) if len(level) == 2 else macro("SS", title) if len(level) > 2 else ""
        elif kind == "table":
            out += table(lines)
        elif kind in ("fence", "code"):
            out += literal("\n".join(line[4:] if kind == "code" else line for line in lines))
        elif kind == "list":
            out += f".IP \\(bu 2\n{inline(joined[2:])}\n"
        elif re.sub(r"\[[^]]+\]\([^)]*\)|[\N{MIDDLE DOT}\s]", "", joined):  # More than links to sections.
            out += f".PP\n{inline(joined)}\n"
    return out
