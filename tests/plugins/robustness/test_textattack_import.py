import json
import subprocess
import sys

import pytest

from seatrial.errors import StageError
from seatrial_plugins.robustness.textattack_import import (
    CONTENT_WORDS,
    english_stop_words,
    import_textattack,
    stop_words,
)

# Runs in a process of its own, because an import happens once.
_FIRST_IMPORT = """
import json, logging, os, sys
import socket

def refuse(*args, **kwargs):
    raise AssertionError("the network was used")

socket.socket.connect = refuse
records = []

class Keep(logging.Handler):
    def emit(self, record):
        records.append(record.getMessage())
    def close(self):
        records.append("closed")
        super().close()

ours = logging.getLogger("seatrial.test")
ours.addHandler(Keep())
ours.setLevel(logging.INFO)
before = dict(os.environ)
from seatrial_plugins.robustness.textattack_import import import_textattack
import transformers, datasets
variables = dict(os.environ)
import_textattack()
changed = sorted(k for k in set(os.environ) | set(variables) if os.environ.get(k) != variables.get(k))
ours.info("still heard")
import nltk
import nltk.corpus
try:
    nltk.corpus.stopwords.words("english")
    stopwords = "found"
except LookupError:
    stopwords = "not found"
import datasets.config
import textattack.shared
json.dump({
    "changed": changed,
    "records": records,
    "stand_ins": [n for n in ("flair", "flair.data", "flair.models", "langdetect", "bert_score", "stanza", "spacy")
                  if n in sys.modules and getattr(sys.modules[n], "__spec__", None) is None],
    "spacy": [n for n in sys.modules if n.partition(".")[0] in ("spacy", "thinc")],
    "stopwords": stopwords,
    "download": nltk.download.__name__,
    "datasets_cache": str(datasets.config.HF_CACHE_HOME),
    "split": textattack.shared.AttackedText.SPLIT_TOKEN,
}, sys.stdout)
"""


@pytest.fixture(scope="module")
def first_import(tmp_path_factory):
    home, cache = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("cache")
    environment = {"HOME": str(home), "SEATRIAL_CACHE": str(cache), "PATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_IMPORT], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return home, cache, json.loads(done.stdout), done.stderr


def test_the_first_import_uses_no_network_and_writes_nothing_into_the_home_folder(first_import):
    home, cache, _, _ = first_import
    assert list(home.rglob("*")) == []
    assert {path.relative_to(cache).parts[0] for path in cache.rglob("*")} == {"textattack"}


def test_the_first_import_says_nothing(first_import):
    assert first_import[3] == ""


def test_the_environment_is_as_it_was(first_import):
    home, _, seen, _ = first_import
    assert seen["changed"] == []
    assert seen["datasets_cache"].startswith(str(home))


def test_loggers_of_others_stay_enabled_and_their_handlers_open(first_import):
    assert first_import[2]["records"] == ["still heard"]


def test_stand_ins_and_patches_are_gone_afterwards(first_import):
    seen = first_import[2]
    assert seen["stand_ins"] == []
    assert seen["spacy"] == []  # of what lemminflect would bring, nothing was imported
    assert seen["stopwords"] == "not found"
    assert seen["download"] == "download"
    assert seen["split"] == "<SPLIT>"


def test_what_needs_tags_fails_with_a_message_that_names_the_package():
    import_textattack()
    from textattack.constraints.grammaticality import PartOfSpeech
    from textattack.shared import AttackedText
    from textattack.transformations import WordSwapInflections

    with pytest.raises(StageError, match="part-of-speech or named-entity tags, which come from the package flair"):
        AttackedText("we ship boats").pos_of_word_index(1)
    with pytest.raises(StageError, match="Choose a recipe that works on characters"):
        WordSwapInflections()(AttackedText("we ship boats"))
    assert PartOfSpeech is not None


def test_what_needs_bert_score_fails_with_a_message_that_names_it():
    import_textattack()
    from textattack.constraints.semantics import BERTScore

    with pytest.raises(StageError, match="BERTScore similarities"):
        BERTScore(min_bert_score=0.9)


def test_stop_words_are_function_words_and_not_topics():
    stopping = english_stop_words()
    assert {"the", "is", "your", "would"} <= stopping
    assert not CONTENT_WORDS & stopping
    assert "bill" not in stopping
    assert "system" not in stopping


def test_every_content_word_is_one_that_scikit_learn_would_have_stopped():
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    assert not {"computer"} - CONTENT_WORDS
    assert {"computer"} >= CONTENT_WORDS - ENGLISH_STOP_WORDS


def test_stop_words_are_known_to_nltk_for_a_while_only():
    import nltk.corpus

    before = nltk.corpus.stopwords
    with stop_words():
        assert set(nltk.corpus.stopwords.words("english")) == english_stop_words()
        with pytest.raises(StageError, match="no list of klingon stop words"):
            nltk.corpus.stopwords.words("klingon")
    assert nltk.corpus.stopwords is before
