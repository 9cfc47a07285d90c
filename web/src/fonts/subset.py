#!/usr/bin/env python3
"""Cuts Be Vietnam Pro down to the letters of Vietnamese and English.

The package @fontsource/be-vietnam-pro ships Latin and Vietnamese as two files a
weight (33 kB together). This merges them and keeps 270 characters: 11-12 kB a
weight, one request. Needs fonttools and brotli; run it only when the pinned
version of the font changes:

    PYTHONHASHSEED=0 python3 src/fonts/subset.py node_modules/@fontsource/be-vietnam-pro/files
"""
import pathlib
import sys
import tempfile

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont


def wanted():
    chars = set(range(0x20, 0x7F)) | set(range(0x1EA0, 0x1EFA)) | {0x300, 0x301, 0x303, 0x309, 0x323}
    for letter in "àáâãèéêìíòóôõùúýăđĩũơưçñüäöëï":
        chars |= {ord(letter), ord(letter.upper())}
    chars |= {ord(c) for c in "\u00a0§©«»°±²³·×÷½¼¾–—‘’“”•…₫™−"}
    return chars


def main(files):
    here = pathlib.Path(__file__).parent
    for weight in (400, 600):
        with tempfile.TemporaryDirectory() as tmp:
            parts = []
            for script in ("latin", "vietnamese"):
                font = TTFont(f"{files}/be-vietnam-pro-{script}-{weight}-normal.woff2")
                font.flavor = None
                parts.append(f"{tmp}/{script}.ttf")
                font.save(parts[-1])
            font = Merger().merge(parts)
        options = Options()
        options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
        options.hinting = False
        options.name_IDs = [0, 1, 2, 3, 4, 6, 13, 14]
        cut = Subsetter(options)
        cut.populate(unicodes=wanted())
        cut.subset(font)
        missing = sorted(wanted() - set(font.getBestCmap()))
        assert not missing, [hex(c) for c in missing]
        font.recalcTimestamp = False  # the same bytes every time
        font["head"].created = font["head"].modified = 3_800_000_000
        font.flavor = "woff2"
        font.save(here / f"bevietnampro-{weight}.woff2")


main(sys.argv[1])
