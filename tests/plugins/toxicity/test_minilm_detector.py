import zlib

import numpy as np
import pytest

from seatrial import Component
from seatrial.errors import SourceError, UsageError
from seatrial_plugins.toxicity import minilm_toxicity, toxicity
from seatrial_plugins.toxicity.linear_head import EMBEDDED, LinearHead
from seatrial_plugins.toxicity.minilm_detector import WINDOW
from seatrial_plugins.toxicity.train_head import Texts, main, measure, read_davidson, shift_prior, train


class WordVectors:
    """Unit vectors of a text's words, summed; remembers the longest text it was given."""

    def __init__(self, salt=""):
        self.salt = salt
        self.longest = 0

    def encode(self, texts):
        vectors = np.zeros((len(texts), 64), dtype=np.float32)
        for place, text in enumerate(texts):
            self.longest = max(self.longest, len(text))
            for word in set(text.lower().split()):
                vectors[place] += np.random.default_rng(zlib.crc32((self.salt + word).encode())).normal(size=64)
            vectors[place] /= np.linalg.norm(vectors[place]) or 1
        return vectors


RUDE = tuple(f"{who} rotten {what}" for who in ("you", "they", "the") for what in ("cur", "dog", "lot", "crew"))
KIND = tuple(f"{who} lovely {what}" for who in ("you", "they", "the") for what in ("cur", "dog", "lot", "crew"))


@pytest.fixture
def head_file(tmp_path):
    head = train(WordVectors(), [Texts(RUDE + KIND, (True,) * 12 + (False,) * 12)], prior=0.5)
    LinearHead(head.weight, head.bias, head.probe, {"label": "toxicity"}).save(tmp_path / "head.safetensors")
    return tmp_path / "head.safetensors"


def test_it_finds_what_it_was_trained_to_find(head_file):
    detector = minilm_toxicity(encoder=WordVectors(), head=str(head_file))
    rude, kind, empty = detector.detect(["my rotten dog", "my lovely dog", ""])
    assert rude["toxicity"] > 0.5 > kind["toxicity"] > 0
    assert empty == {"toxicity": 0.0}
    assert detector.detect([]) == []
    assert detector.weak


def test_one_rude_stretch_of_a_long_text_is_found(head_file):
    encoder = WordVectors()
    detector = minilm_toxicity(encoder=encoder, head=str(head_file))
    page = "my lovely dog is a lovely dog. " * 2000
    calm, rude = detector.detect([page, page + " you rotten cur " * 8 + page])
    assert calm["toxicity"] < 0.5 < rude["toxicity"]
    assert encoder.longest <= WINDOW


def test_one_rude_sentence_among_kind_ones_is_found(head_file):
    detector = minilm_toxicity(encoder=WordVectors(), head=str(head_file))
    kind = "my lovely dog is a lovely dog and a good dog."
    for text in (f"{kind} You rotten cur! {kind}", f"{kind}\nyou rotten cur\n{kind}", f"{kind * 9} You rotten cur."):
        assert detector.detect([text])[0]["toxicity"] > 0.5
        assert detector.detect([text.lower().replace("rotten cur", "lovely dog")])[0]["toxicity"] < 0.5


def test_what_the_encoder_cannot_read_has_no_probability(head_file):
    class Latin(WordVectors):
        def encode(self, texts):
            return super().encode(["" if "ไ" in text else text for text in texts])

    detector = minilm_toxicity(encoder=Latin(), head=str(head_file))
    thai, half, rude = detector.detect(
        ["ไอ้โง่", "ไอ้โง่ " * 200 + "my lovely dog", "you rotten cur " * 20 + "ไอ้โง่ " * 200]
    )
    assert thai == half == {}
    assert rude["toxicity"] > 0.5


def test_another_encoder_is_refused(head_file):
    with pytest.raises(UsageError, match="trained on another encoder"):
        minilm_toxicity(encoder=WordVectors(salt="other"), head=str(head_file))
    with pytest.raises(UsageError, match="vectors of 384 dimensions, and this encoder gives 64"):
        minilm_toxicity(encoder=WordVectors())


def test_words_of_which_the_encoder_knows_no_more_than_letters_are_not_read(head_file):
    detector = minilm_toxicity(encoder=WordVectors(), head=str(head_file))
    threats = ["Я убью тебя, сука", "θα σε σκοτώσω", "سأقتلك أيها الكلب"]
    mixed = ["Ｉ　ｈａｔｅ　ｙｏｕ", "Schöne Grüße aus Köln", "I said Спасибо to her yesterday", "12:30!"]
    assert detector.detect(threats) == [{}] * 3
    assert all(detector.detect(mixed))


def test_a_head_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="no head can be read"):
        LinearHead.load(tmp_path / "missing.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"no tensors")
    with pytest.raises(SourceError, match="no head can be read"):
        LinearHead.load(tmp_path / "broken.safetensors")


def test_saving_and_loading_changes_nothing(head_file, tmp_path):
    head = LinearHead.load(head_file)
    head.save(tmp_path / "again.safetensors")
    again = LinearHead.load(tmp_path / "again.safetensors")
    assert (again.weight == head.weight).all()
    assert (again.bias, again.card) == (head.bias, {"label": "toxicity"})


def test_the_prior_moves_the_odds_and_nothing_else():
    assert shift_prior(0.3, trained=0.5, assumed=0.5) == pytest.approx(0.3)
    odds = np.exp(shift_prior(0.0, trained=0.5, assumed=0.2))
    assert odds == pytest.approx(0.2 / 0.8)


def test_training_repeats():
    heads = [train(WordVectors(), [Texts(RUDE + KIND, (True,) * 12 + (False,) * 12)]) for _ in range(2)]
    assert (heads[0].weight == heads[1].weight).all()
    assert heads[0].bias == heads[1].bias


def test_measuring_counts_what_is_flagged():
    head = train(WordVectors(), [Texts(RUDE + KIND, (True,) * 12 + (False,) * 12)], prior=0.5)
    figures = measure(head, WordVectors(), Texts(RUDE + KIND, (True,) * 12 + (False,) * 12), Texts(KIND, (False,) * 12))
    assert figures == {
        "held_out_n": 24,
        "held_out_auc": 1.0,
        "held_out_recall": 1.0,
        "held_out_false_positive_rate": 0.0,
        "harmless_n": 12,
        "harmless_flag_rate": 0.0,
    }


def test_held_out_tweets_are_kept_apart(tmp_path):
    file = tmp_path / "tweets.csv"
    file.write_text(",count,class,tweet\n0,3,2,calm\n1,3,1,offensive\n2,3,0,hateful\n")
    train_on, held_out = read_davidson(file, frozenset({"1"}))
    assert train_on == Texts(("calm", "hateful"), (False, True))
    assert held_out == Texts(("offensive",), (True,))


def test_a_head_is_trained_on_the_encoder_that_is_named(monkeypatch, tmp_path, capsys):
    class Plugin:
        @staticmethod
        def seatrial_encoders():
            yield Component("words", WordVectors, "Words.")

    class Point:
        @staticmethod
        def load():
            return Plugin

    monkeypatch.setattr(
        "seatrial_plugins.toxicity.train_head.entry_points", lambda group: [Point] * (group == "seatrial")
    )
    lines = [",class,tweet", *(f"{n},{'1' if text in RUDE else '2'},{text}" for n, text in enumerate(RUDE + KIND))]
    (tmp_path / "tweets.csv").write_text("\n".join(lines))
    asked = ["--davidson", str(tmp_path / "tweets.csv"), "--out", str(tmp_path / "head.safetensors")]
    main([*asked, "--encoder", "words"])
    head = LinearHead.load(tmp_path / "head.safetensors")
    head.check_encoder(WordVectors())
    assert head.card["model"].endswith("encoder words")
    assert "encoder words" in capsys.readouterr().out
    with pytest.raises(UsageError, match="--encoder wrods: the installed encoders are words"):
        main([*asked, "--encoder", "wrods"])


def test_the_embedded_head_says_what_it_is():
    card = LinearHead.load(EMBEDDED).card
    assert card["label"] == "toxicity"
    assert card["weak"] == "true"
    assert EMBEDDED.stat().st_size < 8192


@pytest.fixture(scope="module")
def embedded():
    from seatrial_plugins.encoders import minilm

    return minilm_toxicity(encoder=minilm())


@pytest.mark.slow
def test_the_embedded_head_belongs_to_minilm(embedded, conversation):
    rows = [conversation("you are a stupid bitch", id="rude"), conversation("where is my new card?", id="calm")]
    assert [finding.row for finding in toxicity(detector=embedded).inspect(rows)] == ["rude"]
    hidden = (
        "Thank you for your message, we are happy to help. You are a stupid bitch. Have a very nice day and come back."
    )
    assert embedded.detect([hidden])[0]["toxicity"] > 0.5
    assert np.linalg.norm(LinearHead.load(EMBEDDED).probe) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
@pytest.mark.data
def test_the_embedded_head_on_tweets_that_were_held_out(embedded, davidson):
    from sklearn.metrics import roc_auc_score

    tweets, held = davidson
    _, held_out = read_davidson(tweets, held)
    scores = [answer["toxicity"] for answer in embedded.detect(held_out.texts)]
    assert len(scores) == 2000
    assert roc_auc_score(held_out.toxic, scores) > 0.97


@pytest.mark.slow
@pytest.mark.data
def test_the_embedded_head_lets_bank_customers_ask(embedded, banking_test):
    flagged = [answer["toxicity"] >= 0.5 for answer in embedded.detect(banking_test)]
    assert len(flagged) == 3080
    assert sum(flagged) <= 6
