# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Documentation/ as HTML, and its man/ as man pages, in build/docs/, or the folder given. Any warning fails. Adds to docutils the
two constructs of Sphinx that the pages use, `toctree` and `:doc:`, and takes titles of linked pages from the pages."""
import os
import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.core import publish_file
from docutils.parsers.rst import Directive, directives, roles
from docutils.utils import SystemMessage

CLONE = Path(__file__).resolve().parents[2]
SOURCE = CLONE / "Documentation"
TARGET = Path(sys.argv[1]) if len(sys.argv) > 1 else CLONE / "build/docs"
SETTINGS = {"halt_level": 2, "report_level": 2, "syntax_highlight": "none", "input_encoding": "utf-8",
            "output_encoding": "utf-8", "smart_quotes": False, "toc_backlinks": False, "embed_stylesheet": True}


def title(page):
    """The first underlined line of a page."""
    found = re.search(r"^(\S.*)\n([=~#*-])\2{2,}$", page.read_text(encoding="utf-8"), re.M)
    return found.group(1) if found else page.stem


def reference(source, name, inliner_text=None):
    page = (Path(source).parent / (name + ".rst")).resolve()
    if not page.exists():
        raise FileNotFoundError(f"no page {name}.rst beside {source}")
    link = os.path.relpath(page, Path(source).resolve().parent)[:-len(".rst")] + ".html"
    return nodes.reference("", inliner_text or title(page), refuri=link)


class TocTree(Directive):
    """A list of links to pages; options of Sphinx are taken and ignored."""
    has_content = True
    option_spec = {"maxdepth": directives.nonnegative_int, "caption": directives.unchanged,
                   "titlesonly": directives.flag}

    def run(self):
        items = nodes.bullet_list()
        source = self.state.document.current_source
        for name in self.content:
            if not name.strip():
                continue
            try:
                link = reference(source, name.strip())
            except FileNotFoundError as error:
                raise self.error(str(error))
            items += nodes.list_item("", nodes.paragraph("", "", link))
        return [items]


def doc(_name, raw, text, _line, inliner, _options=None, _content=None):
    found = re.fullmatch(r"(.*?)\s*<(.+)>", text, re.S)
    try:
        return [reference(inliner.document.current_source, found.group(2) if found else text,
                          found.group(1) if found else None)], []
    except FileNotFoundError as error:
        message = inliner.reporter.error(str(error))
        return [inliner.problematic(raw, raw, message)], [message]


def build(page, writer, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    settings = dict(SETTINGS)
    if writer == "manpage":
        settings.pop("embed_stylesheet")
    try:
        publish_file(source_path=str(page), destination_path=str(target), writer_name=writer,
                     settings_overrides=settings)
    except SystemMessage:   # docutils has said what and where
        sys.exit(f"weft: {page.relative_to(CLONE)} is faulty")


def main():
    directives.register_directive("toctree", TocTree)
    roles.register_local_role("doc", doc)
    pages = sorted(SOURCE.rglob("*.rst"))
    for page in pages:
        inside = page.relative_to(SOURCE)
        build(page, "html5", TARGET / inside.with_suffix(".html"))
        if inside.parts[0] == "man":
            build(page, "manpage", TARGET / "man" / inside.stem)
    if not pages:
        sys.exit("weft: Documentation/ has no page")
    print(f"weft: {len(pages)} pages in {os.path.relpath(TARGET)}/", file=sys.stderr)


main()
