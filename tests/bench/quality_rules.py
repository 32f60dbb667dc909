"""Quality: each rule of Gopher, C4 and FineWeb beside datatrove's, on the same documents, with the same thresholds.

    python tests/bench/quality_rules.py FOLDER [--pattern "**/METADATA"] [--words datatrove]

Wants datatrove, spacy and nltk beside seatrial. Each file below the folder is a document, and so are its first 400
characters, so that short texts are among them. Every rule is asked by itself. `--words datatrove` lets datatrove split
words as it does (spaCy's tokens, punctuation apart); else both split at white space, so that only the rules differ.

Where they do by intention: an n-gram that occurs once is no repetition, and of several as frequent the longest counts;
blanks between an n-gram's words are part of it; a word counts also where it is punctuation alone, and a stop word in any
case; closing quotation marks end a line; a line's blanks at its ends are no part of its length.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.filters import (
    c4_filters,
    fineweb_quality_filter,
    gopher_quality_filter,
    gopher_repetition_filter,
)

from seatrial import Row, Turn
from seatrial_plugins.cleaning import build_quality

TOP = {2: 0.20, 3: 0.18, 4: 0.16}
DUPLICATE = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


def peers() -> Iterator[tuple[str, Any]]:
    """Our rule's name, and datatrove's filter with that rule alone."""
    repetition = {"dup_line_frac", "dup_para_frac", "dup_line_char_frac", "dup_para_char_frac"}
    for name, option, most in (
        ("lines", "dup_line_frac", 0.3),
        ("paragraphs", "dup_para_frac", 0.3),
        ("line-characters", "dup_line_char_frac", 0.2),
        ("paragraph-characters", "dup_para_char_frac", 0.2),
    ):
        yield f"gopher-duplicate-{name}", _alone(_repetition(), repetition, {option: most, **NO_NGRAMS})
    for n, most in TOP.items():
        options = {"top_n_grams": ((n, most),), "dup_n_grams": ()}
        yield f"gopher-top-{n}-gram", _alone(_repetition(), repetition, options)
    for n, most in DUPLICATE.items():
        options = {"top_n_grams": (), "dup_n_grams": ((n, most),)}
        yield f"gopher-duplicate-{n}-grams", _alone(_repetition(), repetition, options)
    quality: Mapping[str, Mapping[str, float]] = {
        "few-words": {"min_doc_words": 50},
        "word-length": {"min_avg_word_length": 3, "max_avg_word_length": 10},
        "symbols": {"max_symbol_word_ratio": 0.1},
        "bullets": {"max_bullet_lines_ratio": 0.9},
        "ellipses": {"max_ellipsis_lines_ratio": 0.3},
        "alphabetic": {"max_non_alpha_words_ratio": 0.8},
        "stop-words": {"min_stop_words": 2},
    }
    every = {option for options in quality.values() for option in options} | {"max_doc_words"}
    for name, options in quality.items():
        yield f"gopher-{name}", _alone(gopher_quality_filter.GopherQualityFilter, every, options)
    never = {"line_punct_thr": -1, "short_line_thr": 2, "char_duplicates_ratio": 2, "new_line_ratio": float("inf")}
    for name, options in (
        ("end-marks", {"line_punct_thr": 0.12}),
        ("short-lines", {"short_line_thr": 0.67, "short_line_length": 29}),
        ("duplicate-lines", {"char_duplicates_ratio": 0.1}),
        ("newlines", {"new_line_ratio": 0.3}),
    ):
        yield f"fineweb-{name}", fineweb_quality_filter.FineWebQualityFilter(**{**never, **options})
    lines = {"min_words_per_line": 5, "filter_lorem_ipsum": False, "filter_curly_bracket": False}
    yield "c4-few-sentences", c4_filters.C4QualityFilter(min_num_sentences=3, **lines)


NO_NGRAMS = {"top_n_grams": (), "dup_n_grams": ()}


def _repetition() -> type:
    return gopher_repetition_filter.GopherRepetitionFilter


def _alone(kind: type, every: set[str], options: Mapping[str, Any]) -> Any:
    return kind(**{**dict.fromkeys(every), **options})


def documents(folder: Path, pattern: str) -> Iterator[str]:
    """The files' texts, without the headers that a METADATA file has, then pieces of them."""
    texts = []
    for path in sorted(folder.glob(pattern)):
        text = path.read_text(encoding="utf-8", errors="replace")
        text = (text.partition("\n\n")[2] if path.name == "METADATA" else text).strip()
        if 100 < len(text) < 30_000:
            texts.append(text)
    yield from texts
    yield from (text[:400] for text in texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pattern", default="**/METADATA")
    parser.add_argument("--words", choices=("white-space", "datatrove"), default="white-space")
    given = parser.parse_args()
    if given.words == "white-space":
        for module in (gopher_repetition_filter, gopher_quality_filter, fineweb_quality_filter):
            module.split_into_words = lambda text, _language: text.split()
    texts = list(documents(given.folder, given.pattern))
    rows = [Row(str(place), (Turn("user", text),), "chat", "s", "f", 1) for place, text in enumerate(texts)]
    found = {(finding.rule, int(finding.row)) for finding in build_quality().inspect(rows)}
    print(f"{len(texts)} documents; words by {given.words}")
    print(f"{'rule':38} {'ours':>5} {'theirs':>6} {'both':>5} {'only ours':>10} {'only theirs':>11}")
    for rule, peer in peers():
        ours = {place for place in range(len(texts)) if (rule, place) in found}
        theirs = {place for place, text in enumerate(texts) if peer.filter(Document(text=text, id="d")) is not True}
        counts = len(ours), len(theirs), len(ours & theirs), len(ours - theirs), len(theirs - ours)
        print("{:38} {:5} {:6} {:5} {:10} {:11}".format(rule, *counts))


if __name__ == "__main__":
    main()
