"""The one place that imports TextAttack, beside any transformers, without a network, leaving nothing behind.

What TextAttack 0.3.11 does when it is imported, and what is done about it here:

-   It imports flair, which has no release for transformers 5, langdetect, which it does not name as a dependency (flair's
    installation brings it), and bert_score for one constraint, and with it matplotlib, which lists all fonts and writes
    into the home folder: 10 s the first time. These three are stood in for during the import, also where they are
    installed, so that attacks are the same everywhere; whatever needs part-of-speech or entity tags, a language or a
    BERTScore fails with a message that says so.
-   It imports lemminflect, which imports spaCy where it is installed, to offer words of its own there: 500 modules and
    40 MiB that no attack asks for. spaCy is stood in for too, unless it was imported before.
-   It builds a constraint from NLTK's English stop words, a LookupError where they were not downloaded. It gets the
    list of `stop_words` instead, in memory, so that results don't depend on what a machine has downloaded.
-   It downloads six NLTK packages once, and writes a marker under the home folder even when that failed. Downloads are
    switched off during the import; marker and lock go to seatrial's cache. `TA_CACHE_DIR`, which it takes for that, also
    makes it redirect the Hugging Face, TensorFlow Hub and XDG caches: the environment is put back afterwards.
-   It calls `logging.config.dictConfig` without `disable_existing_loggers: False`: every logger of the process that
    exists by then is disabled and every handler closed. That call does nothing, here.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import logging.config
import os
import sys
import threading
import types
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from seatrial.errors import StageError
from seatrial.runs.store import cache_folder

__all__ = ["CONTENT_WORDS", "english_stop_words", "import_textattack", "stop_words"]

CONTENT_WORDS = frozenset(
    (
        "amount",
        "bill",
        "bottom",
        "call",
        "computer",
        "cry",
        "describe",
        "detail",
        "empty",
        "fill",
        "find",
        "fire",
        "front",
        "full",
        "interest",
        "mill",
        "mine",
        "move",
        "name",
        "serious",
        "show",
        "side",
        "sincere",
        "system",
        "thick",
        "thin",
        "top",
    )
)
"""Words of scikit-learn's list that carry the topic of a message, and are attacked like any other.

The list is known for them: Nothman, Qin and Yurchak, "Stop Word Lists in Free Open-source Software Packages", 2018.
"""

_LOCK = threading.RLock()


def import_textattack() -> types.ModuleType:
    """The package `textattack`, imported once and without side effects on the process or the home folder.

    Raises:
        StageError: it is not installed, or cannot be imported beside what is installed.
    """
    with _LOCK:
        return _import_once()


@functools.cache
def english_stop_words() -> frozenset[str]:
    """The function words that attacks leave alone: scikit-learn's English list without `CONTENT_WORDS`."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS) - CONTENT_WORDS


@contextlib.contextmanager
def stop_words() -> Iterator[None]:
    """While the block runs, `nltk.corpus.stopwords` is `english_stop_words`, whatever was or wasn't downloaded."""
    corpus = importlib.import_module("nltk.corpus")
    with _LOCK, _attribute(corpus, "stopwords", _StopWords()):
        yield


class _StopWords:
    """What TextAttack asks of NLTK's corpus of stop words."""

    def words(self, language: str) -> list[str]:
        if language != "english":
            raise StageError(f"robustness: there is no list of {language} stop words; attacks are for English only.")
        return sorted(english_stop_words())


@functools.cache
def _import_once() -> types.ModuleType:
    # It reports its installation, and warns of every model that it may not suit the attack.
    logging.getLogger("textattack.shared.utils.install").setLevel(logging.ERROR)
    if "textattack" in sys.modules:  # somebody else imported it, and paid for that
        module = sys.modules["textattack"]
    else:
        # They read the cache folders' variables once, at import: it must not be TextAttack's.
        for name in ("torch", "huggingface_hub", "transformers", "datasets"):
            importlib.import_module(name)
        module = _import_guarded()
    logging.getLogger("jieba").setLevel(logging.ERROR)  # which splits Chinese text, and says so at DEBUG to stderr
    return module


def _import_guarded() -> types.ModuleType:
    with contextlib.ExitStack() as stack:
        stack.enter_context(_environment(TA_CACHE_DIR=str(cache_folder() / "textattack")))
        nltk = importlib.import_module("nltk")  # which sets variables of OpenMP
        stack.enter_context(_attribute(nltk, "download", _no_download))
        # Its post-install step asks stanza for an English model, and takes an ImportError for an answer.
        stack.enter_context(_modules({"stanza": None}))
        stack.enter_context(_modules(_stand_ins()))
        stack.enter_context(_attribute(logging.config, "dictConfig", _no_configuration))
        stack.enter_context(stop_words())
        try:
            return importlib.import_module("textattack")
        except Exception as error:
            for name in [name for name in sys.modules if name.partition(".")[0] == "textattack"]:
                del sys.modules[name]
            raise StageError(
                f"robustness: TextAttack cannot be imported ({type(error).__name__}: {error}). "
                "Install seatrial with its extra `robustness`, from the versions of requirements.lock."
            ) from error


def _no_download(*_: Any, **__: Any) -> bool:
    """What `nltk.download` returns where it could fetch nothing."""
    return False


def _no_configuration(_: Mapping[str, Any]) -> None:
    """TextAttack only sets the level of its own logger by it."""


@contextlib.contextmanager
def _attribute(owner: object, name: str, value: object) -> Iterator[None]:
    """Another attribute for a while."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextlib.contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Other variables for a while; whatever is set meanwhile is undone."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


@contextlib.contextmanager
def _modules(replaced: Mapping[str, types.ModuleType | None]) -> Iterator[None]:
    """`sys.modules` with other entries for a while; modules that are imported meanwhile stay."""
    absent = object()
    before = {name: sys.modules.get(name, absent) for name in replaced}
    sys.modules.update(replaced)  # type: ignore[arg-type]  # None blocks an import
    try:
        yield
    finally:
        for name, module in before.items():
            if module is absent:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module  # type: ignore[assignment]


def _stand_ins() -> dict[str, types.ModuleType | None]:
    """Modules to put in the place of those that are not to be imported."""
    bert_score, langdetect = types.ModuleType("bert_score"), types.ModuleType("langdetect")
    bert_score.BERTScorer = _refusal("bert_score", "BERTScore similarities")  # type: ignore[attr-defined]
    langdetect.detect = _refusal("langdetect", "languages of texts")  # type: ignore[attr-defined]
    return {"bert_score": bert_score, "langdetect": langdetect, **_flair(), **_spacy()}


def _spacy() -> dict[str, types.ModuleType | None]:
    """What lemminflect asks of spaCy when it is imported; nothing where somebody uses the real one."""
    if "spacy" in sys.modules:
        return {}

    class Token:
        """What lemminflect adds its methods to."""

        @staticmethod
        def set_extension(*_: Any, **__: Any) -> None:
            """Nothing is added."""

    spacy, tokens = types.ModuleType("spacy"), types.ModuleType("spacy.tokens")
    spacy.__version__, spacy.tokens, tokens.Token = "2.0", tokens, Token  # type: ignore[attr-defined]
    return {"spacy": spacy}


def _flair() -> dict[str, types.ModuleType | None]:
    """The names that TextAttack takes from flair at import. Only the tokenizer's base class is ever used by it."""

    class Tokenizer:
        """What TextAttack's own tokenizer inherits from."""

    class Sentence:
        """A text to be tagged."""

        def __init__(self, *_: Any, **__: Any) -> None:
            _refusal("flair", "part-of-speech or named-entity tags")()

    class SequenceTagger:
        """A tagger."""

        load = staticmethod(_refusal("flair", "part-of-speech or named-entity tags"))

    flair, data, models = (types.ModuleType(name) for name in ("flair", "flair.data", "flair.models"))
    data.Sentence, data.Tokenizer = Sentence, Tokenizer  # type: ignore[attr-defined]
    models.SequenceTagger = SequenceTagger  # type: ignore[attr-defined]
    flair.data, flair.models = data, models  # type: ignore[attr-defined]
    return {"flair": flair, "flair.data": data, "flair.models": models}


def _refusal(package: str, what: str) -> Any:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise StageError(
            f"robustness: this TextAttack component needs {what}, which come from the package {package}. It is not "
            "loaded here (it writes into the home folder, or forbids transformers 5). Choose a recipe that works on characters."
        )

    return refuse
