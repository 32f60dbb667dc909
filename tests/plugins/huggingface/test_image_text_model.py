"""Models that are shown pictures: what stands in a text, what is supervised, and that batches say what single rows say."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.pictures import kept, painted, shown

from seatrial import Turn
from seatrial.errors import SourceError, StageError
from seatrial.model import Generates, Scores, SeesImages
from seatrial.rows import Image, Text
from seatrial_plugins.huggingface import random
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.examples import masked_example, render_examples
from seatrial_plugins.huggingface.image_text_model import ImageTextModel

from .image_models import write_shape

ARCHITECTURES = ("idefics3", "llava", "gemma3")


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request, resolve, tmp_path_factory):
    """Open, float32, on the CPU."""
    folder = tmp_path_factory.mktemp(request.param)
    loader = random(device="cpu", batch_tokens=512)
    target = resolve(loader, write_shape(request.param, folder / "shape"), "path:shape", folder / "cache")
    assert "images" in loader.provides(target, None)
    with loader.open(target) as opened:
        with torch.no_grad():
            for weight in opened.network.parameters():
                if not weight.any():  # as Gemma 3 begins: blind
                    torch.nn.init.normal_(weight, std=0.2)
        yield opened


@pytest.fixture
def pictures(model, tmp_path):
    """Four, of which one has another shape; the model looks for them where they are kept."""
    model.images_from(tmp_path)
    colours = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
    return [*(kept(tmp_path, painted(*colour)) for colour in colours), kept(tmp_path, painted(9, 9, 9, size=(30, 11)))]


def asked(*parts):
    return [Turn("user", [Text(part) if isinstance(part, str) else part for part in parts])]


def plainly(model, turns, answer):
    """The sum of ln p over the answer's tokens and its end, by one forward pass of what transformers' own processor makes."""
    said = [*turns, Turn("assistant", answer)]
    messages = [
        {
            "role": turn.role,
            "content": [
                {"type": "image"} if isinstance(one, Image) else {"type": "text", "text": one.text}
                for one in turn.parts
            ],
        }
        for turn in said
    ]
    processor, images = model.chat.images.processor, model.chat.images
    opened = [images._opened(image) for turn in said for image in turn.images]
    template = model.chat.tokenizer.chat_template
    text = processor.apply_chat_template(messages, chat_template=template, tokenize=False)
    given = processor(text=[text], images=[opened] if opened else None, return_tensors="pt", add_special_tokens=False)
    ids = given["input_ids"][0]
    taken = {name: given[name] for name in given if name in images._accepted}
    with torch.no_grad():
        logits = model.network(**taken, use_cache=False).logits[0].log_softmax(-1)
    end = max(place for place, token in enumerate(ids.tolist()) if token == model.chat.end_ids[0])
    start = end - len(answer.encode())
    return sum(float(logits[at - 1, ids[at]]) for at in range(start, end + 1))


def test_it_scores_and_generates_and_is_shown_pictures(model):
    for protocol in (Scores, Generates, SeesImages):
        assert isinstance(model, protocol)
    assert model.facts["image_processor"].startswith(("Idefics3", "CLIP", "Gemma3"))
    assert not model.packs


def test_likelihoods_are_those_of_transformers_own_processor(model, pictures):
    red, green, blue, wide = pictures
    prompts = [asked(red, "What?"), asked("Which of", green, "and", wide, "is it?"), asked(blue), asked("No picture.")]
    options = [["red", "a"], ["green"], ["3", "blue and more"], ["none"]]
    for prompt, answers, found in zip(prompts, options, model.loglikelihoods(prompts, options), strict=True):
        for answer, said in zip(answers, found, strict=True):
            assert said.logprob == pytest.approx(plainly(model, prompt, answer), abs=2e-4)


def test_what_is_shown_changes_what_is_said(model, pictures):
    red, green, *_ = pictures
    (one,), (other,) = model.loglikelihoods([asked(red, "What?"), asked(green, "What?")], [["red"], ["red"]])
    assert abs(one.logprob - other.logprob) > 1e-3


def test_a_batch_generates_what_single_prompts_do(model, pictures):
    prompts = [
        asked(pictures[0], "?"),
        asked(pictures[1], "A longer question, and another", pictures[3]),
        asked("None?"),
    ]
    together = model.generate(prompts, max_new_tokens=5)
    assert together == [model.generate([prompt], max_new_tokens=5)[0] for prompt in prompts]


def test_it_is_timed_on_text(model):
    with model.serving() as adapter:
        timing = model.time_request(batch=1, prompt_tokens=6, new_tokens=3, seed=0)
    assert (adapter, len(timing.gaps_ms)) == ("none", 2)


def test_a_turn_that_says_a_pictures_token_shows_none(model, pictures):
    text = f"A literal {model.chat.images.places[-1]} in words"
    (ids,) = model.chat.prompts([asked(pictures[0], text)])
    (without,) = model.chat.prompts([asked(pictures[0], "words")])
    token = model.chat.images.token
    assert ids.count(token) == without.count(token) > 0
    assert model.chat.left_out(model.chat.render(asked(pictures[0], text)), asked(pictures[0], text)) == ""


def test_the_answer_alone_is_supervised(model, pictures):
    row = shown(pictures[0], "seven")
    (example,) = render_examples([row], model.chat, 512).examples
    taught = [example.ids[place] for place in example.targets]
    assert model.chat.tokenizer.decode(taught) == f"seven{model.chat.closing}"
    assert model.chat.images.token not in taught
    assert example.images == (pictures[0],)
    said = masked_example(example, model.chat)
    assert [piece["supervised"] for piece in said] == [False, True]
    assert f"×{list(example.ids).count(model.chat.images.token)}" in said[0]["text"]


def test_a_picture_behind_the_cut_is_not_read(model, pictures):
    first, second = shown(pictures[0], "one"), shown(pictures[1], "two")
    row = replace(first, turns=(*first.turns, *second.turns))
    whole = render_examples([row], model.chat, 512).examples[0]
    assert whole.images == tuple(pictures[:2])
    start = len(model.chat.prompts([first.turns])[0])
    cut = render_examples([row], model.chat, start + 2)
    assert cut.truncated_rows == 1
    assert cut.examples[0].images == (pictures[0],)


def test_pictures_that_are_prepared_alone_are_those_prepared_together(model, pictures):
    images = model.chat.images
    for some in (pictures[:3], [pictures[0], pictures[3]]):
        together = images._tensors([images._opened(image) for image in some])
        for name, tensor in images._pixels(some).items():
            assert torch.equal(tensor.flatten(), together[name].flatten())


def test_a_picture_that_went_is_named(model, pictures, tmp_path):
    lost = replace(pictures[0], digest="f" * 64)
    with pytest.raises(StageError, match=r"ffff.*cannot be opened"):
        model.loglikelihoods([asked(lost)], [["a"]])


@pytest.fixture(scope="module")
def chat(resolve, tmp_path_factory):
    """The shipped shape's, read from the folder of its random weights."""
    folder = tmp_path_factory.mktemp("shape")
    loader = random(device="cpu")
    target = resolve(loader, write_shape("idefics3", folder / "shape"), "path:shape", folder / "cache")

    def make(**options):
        return random(device="cpu", **options).tokenizer(target)

    return make


RED = Image("a" * 64, "image/png", 8, 8)


def test_pictures_are_counted_without_their_files(chat):
    bare, seen = chat().count_tokens([asked("What?"), asked(RED, "What?")])
    assert seen - bare == 4 + 3  # the picture's tokens, one before them and one on each side
    assert list(chat().problems([replace(shown(RED), split="train")])) == []


@pytest.mark.parametrize(("architecture", "counts"), [("idefics3", True), ("gemma3", True), ("llava", False)])
def test_no_picture_is_prepared_to_count_it_where_the_processor_counts(tmp_path, monkeypatch, architecture, counts):
    images = ChatTokenizer(write_shape(architecture, tmp_path / "shape"), chat=True, system=None).images
    place = images.places[0]
    exact = [images._write(*size, place) for size in ((301, 200), (20, 99))]
    images._written(64, 64, place)
    seen, prepare = [], images._processed
    monkeypatch.setattr(images, "_processed", lambda *given, **options: seen.append(1) or prepare(*given, **options))
    assert [images._written(*size, place) for size in ((301, 200), (20, 99))] == exact
    assert len(seen) == (0 if counts else 2)  # this LLaVA's counts 3,136 tokens, and writes 16


def test_a_picture_whose_text_is_not_what_its_processor_writes_is_told(chat, tmp_path, monkeypatch):
    images = chat().images
    images.look_in(tmp_path)
    monkeypatch.setattr(images, "_written", lambda *_: images.places[0])
    with pytest.raises(StageError, match=r"another text for a picture of 8 × 8 pixels"):
        images._pixels([kept(tmp_path, painted(1, 2, 3))])


def test_an_assistant_that_shows_a_picture_is_refused(chat):
    row = replace(shown(RED), turns=(Turn("user", "Draw."), Turn("assistant", [RED, Text("Here.")])), expected=None)
    ((name, why),) = chat().problems([row])
    assert (name, "the assistant shows a picture" in why) == ("row", True)


def test_without_a_template_nothing_writes_pictures(chat):
    ((_, why),) = chat(chat=False).problems([shown(RED)])
    assert "`chat: false`" in why
    assert "pictures" in why


def test_a_template_that_writes_no_place_is_told(chat):
    blind = chat()
    blind.tokenizer.chat_template = blind.tokenizer.chat_template.replace("'<image>' if", "'' if")
    ((_, why),) = blind.problems([shown(RED)])
    assert "writes 0 places for the 1 pictures" in why


_PRINTS = "{% for m in messages %}{{ m['role'] + ':' }}CONTENT<|end|>{% endfor %}"
_LOOPS = "{% for p in m['content'] %}{{ p['text'] }}{% endfor %}"


@pytest.mark.parametrize("content", ["{{ m['content'] }}", "{{ m['content'] | tojson }}"])
def test_a_template_that_prints_what_it_is_given_is_given_texts(tmp_path, content):
    folder = write_shape("idefics3", tmp_path / "shape")
    (folder / "chat_template.jinja").write_text(_PRINTS.replace("CONTENT", content), encoding="utf-8")
    written = ChatTokenizer(folder, chat=True, system=None)
    text = written.render((Turn("user", "What?"), Turn("assistant", "A dot.")))
    assert "type" not in text
    assert text.replace('"', "") == "user:What?<|end|>assistant:A dot.<|end|>"


def test_a_template_that_prints_the_parts_of_some_turns_as_code_is_refused(tmp_path):
    folder = write_shape("idefics3", tmp_path / "shape")
    content = "{% if m['role'] == 'user' %}" + _LOOPS + "{% else %}{{ m['content'] }}{% endif %}"
    (folder / "chat_template.jinja").write_text(_PRINTS.replace("CONTENT", content), encoding="utf-8")
    with pytest.raises(SourceError, match="cannot write a question and its answer"):
        ChatTokenizer(folder, chat=True, system=None)


def test_a_folder_whose_processor_is_damaged_is_refused(resolve, tmp_path):
    shape = write_shape("idefics3", tmp_path / "shape")
    (shape / "preprocessor_config.json").write_text('{"image_processor_type": "NoSuchProcessor"}')
    loader = random(device="cpu")
    target = resolve(loader, shape, "path:shape", tmp_path / "cache")
    with pytest.raises(SourceError, match="no processor of pictures"):
        loader.tokenizer(target)


def test_inputs_that_belong_to_rows_or_tokens_are_refused_by_name(tmp_path):
    folder = write_shape("mllama", tmp_path / "shape")
    with pytest.raises(SourceError, match=r"MllamaProcessor gives .*cross_attention_mask.*belong to rows or tokens"):
        ChatTokenizer(folder, chat=True, system=None)


def test_a_view_without_pictures_is_no_image_text_model(tiny_model):
    assert not isinstance(tiny_model, ImageTextModel)
    assert not isinstance(tiny_model, SeesImages)
