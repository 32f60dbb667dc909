"""C4's rules: Raffel et al. 2020 (JMLR 21, 20-074), section 2.2, and the authors' code (TensorFlow Datasets, `c4_utils.py`).

C4 takes lines out of a page, and drops the page if too few sentences are left. A conversation's lines are what is to be
learnt, so here they are only flagged, and `action: {c4-short-line: repair}` takes them out; sentences are counted in the
lines that C4 would leave. Two differences from the paper: end marks of every script count, not English ones alone, and
sentences are counted by their end marks, since the authors' tokenizer (NLTK's Punkt) is a download. Its list of bad words
is not here: the filter `toxicity` is for that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from seatrial import Rule
from seatrial_plugins.cleaning.quality.document import Document, Fault, Line, covered, has_end_mark

__all__ = ["C4", "LINE_RULES", "RULES"]

POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
"""The phrases of the authors' code."""

RULES = (
    Rule("c4-long-word", "A line has a word of more than `max_word_characters` characters (C4's code: 1,000).", "flag"),
    Rule(
        "c4-no-end-mark",
        "A line does not end with a full stop, a question or exclamation mark, or a quotation mark, or ends with `...`.",
        "flag",
    ),
    Rule("c4-short-line", "A line has fewer than `min_line_words` words (C4: 5).", "flag"),
    Rule("c4-javascript", "A line names JavaScript.", "flag"),
    Rule("c4-policy", "A line is about terms of use, privacy or cookies.", "flag"),
    Rule("c4-few-sentences", "The lines that C4 would leave have fewer than `min_sentences` sentences (C4: 3)."),
    Rule("c4-lorem-ipsum", "The phrase `lorem ipsum` stands in the text."),
    Rule("c4-curly-bracket", "The text has an opening curly bracket, as code and templates do.", version="2"),
)

LINE_RULES = frozenset({"c4-long-word", "c4-no-end-mark", "c4-short-line", "c4-javascript", "c4-policy"})
"""The rules for which C4 takes lines out."""

_CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
_LOREM_IPSUM = re.compile("lorem ipsum", re.IGNORECASE)
_CURLY_BRACKET = re.compile("{")
_SENTENCE_END = re.compile(r"[.?!]+[\"'”’»)\]]*(?=\s|$)|[。！？｡．؟۔।॥։።។။]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class C4:
    """The thresholds; each is described, with its source, where the suite's options are (`build_quality`)."""

    min_line_words: int
    min_sentences: int
    max_word_characters: int

    rules = frozenset(rule.name for rule in RULES)
    needs_spaces = frozenset({"c4-short-line", "c4-long-word"})
    """The rules that make sense only where words are written apart."""

    def faults(self, document: Document) -> Iterator[Fault]:
        """The rules that the document breaks; a line goes to the first of its rules, as in the authors' code."""
        by_rule: defaultdict[str, list[Line]] = defaultdict(list)
        sentences = 0
        for line in document.lines:
            text = line.text.strip()
            if "[" in text:
                text = _CITATION.sub("", text)
            rule = self._breaks(line.text, text, spaced=not document.unspaced)
            if rule:
                by_rule[rule].append(line)
            else:
                sentences += max(1, sum(1 for _ in _SENTENCE_END.finditer(text)))
        for rule, lines in by_rule.items():
            # With its line feed, so that taking the line out leaves no empty one.
            whole = ((line.start, min(line.start + len(line.text) + 1, len(document.text))) for line in lines)
            yield Fault(rule, len(lines), f"{len(lines)} of {len(document.lines)} lines", list(covered(whole)))
        if sentences < self.min_sentences:
            left = len(document.lines) - sum(map(len, by_rule.values()))
            wanted = f"at least {self.min_sentences} wanted"
            yield Fault(
                "c4-few-sentences", sentences, f"{sentences} sentences in the {left} lines that C4 leaves, {wanted}"
            )
        for rule, pattern in (("c4-lorem-ipsum", _LOREM_IPSUM), ("c4-curly-bracket", _CURLY_BRACKET)):
            places = [match.span() for match in pattern.finditer(document.text)]
            if places:
                yield Fault(rule, len(places), f"{len(places)} time{'s' if len(places) > 1 else ''}", places)

    def _breaks(self, line: str, text: str, *, spaced: bool) -> str:
        """The rule that the line breaks first, or ""; `text` is the line without citation marks."""
        longest = self.max_word_characters
        if spaced and len(line) > longest and any(len(word) > longest for word in line.split()):
            return "c4-long-word"
        if not has_end_mark(text) or text.endswith("..."):
            return "c4-no-end-mark"
        if spaced and len(text.split()) < self.min_line_words:
            return "c4-short-line"
        lower = text.lower()
        if "javascript" in lower:
            return "c4-javascript"
        return "c4-policy" if any(phrase in lower for phrase in POLICY) else ""
