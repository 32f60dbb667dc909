"""Language: what the filter `language` drops and keeps of short messages, by py3langid alone and with lingua.

    python tests/bench/language.py .../chatterbot_corpus/data [--each 250] [--seed 0]

The folder holds chatterbot dialogues, a folder a language. Messages with a letter are drawn evenly, at most `each` a
folder. Each language in turn is the one to keep: `dropped` is the share of its messages that are dropped, `found` the
share of the others', `undecided` the share of all that are flagged only. Swedish and Yoruba are left out: most of those
folders' messages are in English or wrongly encoded.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

from seatrial import Row, Turn
from seatrial_plugins.cleaning import build_language

CODES = dict(
    pair.split("=")
    for pair in [
        "bengali=bn",
        "chinese=zh",
        "dutch=nl",
        "english=en",
        "french=fr",
        "german=de",
        "hebrew=he",
        "hindi=hi",
        "indonesian=id",
        "italian=it",
        "japanese=ja",
        "korean=ko",
        "marathi=mr",
        "persian=fa",
        "portuguese=pt",
        "russian=ru",
        "spanish=es",
        "tamil=ta",
        "telugu=te",
        "thai=th",
        "traditionalchinese=zh",
        "turkish=tr",
        "ukrainian=uk",
        "urdu=ur",
    ]
)
"""Folder → ISO 639-1 code."""
KEPT = ("en", "de", "fr", "es", "it", "nl", "pt", "ru", "uk", "tr", "id", "fa", "zh", "ja")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    rows, languages = read(given.folder, given.each, random.Random(given.seed))
    lengths = sorted(sum(map(str.isalpha, row.text)) for row in rows)
    print(
        f"{len(rows)} messages in {len(set(languages.values()))} languages, {lengths[len(lengths) // 2]} letters (median)"
    )
    print(f"{'':10} {'threshold':>9} {'dropped':>8} {'found':>8} {'undecided':>9} {'ms a row':>8} {'MiB':>6}")
    for lingua in (False, True):
        for threshold in (0.8, 0.9, 0.95):
            report(rows, languages, lingua=lingua, threshold=threshold)


def read(folder: Path, each: int, draw: random.Random) -> tuple[list[Row], dict[str, str]]:
    """Messages as rows, and the language of each."""
    rows: list[Row] = []
    languages: dict[str, str] = {}
    for name, code in CODES.items():
        said: set[str] = set()
        for file in sorted((folder / name).glob("*.yml")):
            document = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
            dialogues = (document or {}).get("conversations") or []
            said |= {
                str(turn).strip() for dialogue in dialogues for turn in dialogue if any(map(str.isalpha, str(turn)))
            }
        for text in draw.sample(sorted(said), min(each, len(said))):
            row = Row(f"row-{len(rows)}", (Turn("user", text),), "chat", "bench", name, 1)
            rows.append(row)
            languages[row.id] = code
    return rows, languages


def report(rows: Sequence[Row], languages: dict[str, str], *, lingua: bool, threshold: float) -> None:
    """Keep each language in turn, print a line about all of them."""
    list(build_language(keep=["en"], lingua=lingua).inspect([Row("warm", (Turn("user", "ok"),), "chat", "s", "f", 1)]))
    started = time.perf_counter()
    own = dropped = others = found = undecided = 0
    for code in KEPT:
        rules = {f.row: f.rule for f in build_language(keep=[code], lingua=lingua, threshold=threshold).inspect(rows)}
        out = {name for name, rule in rules.items() if rule == "other-language"}
        mine = {row.id for row in rows if languages[row.id] == code}
        own += len(mine)
        dropped += len(mine & out)
        others += len(rows) - len(mine)
        found += len(out - mine)
        undecided += sum(rule == "undecided" for rule in rules.values())
    milliseconds = (time.perf_counter() - started) * 1e3 / len(rows) / len(KEPT)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    name = "and lingua" if lingua else "py3langid"
    print(
        f"{name:10} {threshold:>9.2f} {dropped / own:>8.2%} {found / others:>8.2%} {undecided / (own + others):>9.2%} "
        f"{milliseconds:>8.2f} {memory:>6}"
    )


if __name__ == "__main__":
    main()
