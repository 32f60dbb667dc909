from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial import Turn
from seatrial.errors import SourceError, StageError
from seatrial_plugins.huggingface.chat import ChatTokenizer


@pytest.fixture(scope="module")
def chat(tiny_target):
    return ChatTokenizer(tiny_target.folder, chat=True, system=None)


def supervised_text(chat, turns):
    """What is supervised, as text, a stretch a turn."""
    rendered = chat.rendered(turns)
    stretches, last = [], None
    for place, (token, wanted) in enumerate(zip(rendered.ids, rendered.supervised, strict=True)):
        if wanted:
            if last != place - 1:
                stretches.append([])
            stretches[-1].append(token)
            last = place
    return [chat.tokenizer.decode(ids) for ids in stretches]


def test_every_assistant_turn_is_supervised_with_its_end(chat):
    turns = [
        Turn("system", "Be brief."),
        Turn("user", "Where is my parcel?"),
        Turn("assistant", "At the station."),
        Turn("user", "Thank you"),
        Turn("assistant", "Goodbye!"),
    ]
    assert supervised_text(chat, turns) == ["At the station.<|end|>", "Goodbye!<|end|>"]


words = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<|>"), max_size=30)


@settings(deadline=None)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=4))
def test_the_supervised_text_is_what_the_assistant_says(chat, exchanges):
    turns = [Turn(role, text) for pair in exchanges for role, text in zip(("user", "assistant"), pair, strict=True)]
    assert supervised_text(chat, turns) == [said + "<|end|>" for _, said in exchanges]


@settings(deadline=None)
@given(words, st.lists(words, min_size=1, max_size=4))
def test_a_prompt_and_its_answers_agree_with_the_whole_conversation(chat, question, answers):
    turns = [Turn("user", question)]
    head, rests = chat.answered(turns, answers)
    for rest, answer in zip(rests, answers, strict=True):
        ids = (*head, *rest)
        whole = chat.rendered([*turns, Turn("assistant", answer)])
        assert ids == whole.ids[: len(ids)]
        assert ids[-1] in chat.end_ids
        assert not any(whole.supervised[len(ids) :])


def test_the_end_of_turn_is_found_and_ends_generation(chat):
    assert chat.closing == "<|end|>"
    assert chat.end_ids == (chat.tokenizer.eos_token_id,)
    assert chat.tokenizer.pad_token_id not in chat.end_ids


def test_a_system_turn_is_added_where_there_is_none(tiny_target):
    chat = ChatTokenizer(tiny_target.folder, chat=True, system="Be brief.")
    asked = [Turn("user", "Hello")]
    assert chat.render(asked) == chat.render([Turn("system", "Be brief."), *asked])
    own = [Turn("system", "Be long."), *asked]
    assert "Be brief" not in chat.render(own)


def test_without_a_template_turns_stand_line_by_line(tiny_target):
    chat = ChatTokenizer(tiny_target.folder, chat=False, system=None)
    turns = [Turn("user", "2+2="), Turn("assistant", "4")]
    assert chat.render(turns) == "2+2=\n4<|end|>\n"
    assert chat.closing == "<|end|>"
    assert supervised_text(chat, turns) == ["4<|end|>"]


def test_counting_is_the_length_of_the_rendering(chat):
    turns = [Turn("user", "Ünïcödé 😀"), Turn("assistant", "")]
    assert chat.count_tokens([turns, []]) == [len(chat.rendered(turns).ids), 0]
    assert chat.count_tokens([]) == []
    assert chat.tokenize(["", "a"]) == [[], chat.encode(["a"])[0]]


def test_tokens_know_their_places(chat):
    text = "Ünïcödé 😀, 42"
    (spans,), (ids,) = chat.token_spans([text]), chat.tokenize([text])
    assert len(spans) == len(ids)
    assert {place for start, end in spans for place in range(start, end)} == set(range(len(text)))
    assert chat.token_spans(["", "a"]) == [[], [(0, 1)]]
    assert chat.token_spans([]) == []


def test_a_template_that_refuses_names_the_roles(chat, monkeypatch):
    monkeypatch.setattr(chat.tokenizer, "chat_template", "{{ raise_exception('roles must alternate') }}")
    with pytest.raises(StageError, match=r"refuses a conversation of user, user.*roles must alternate"):
        chat.render([Turn("user", "a"), Turn("user", "b")])
    with pytest.raises(StageError, match="refuses a conversation of user, user"):
        chat.count_tokens([[Turn("user", "a"), Turn("user", "b")]])


def test_a_template_that_rewrites_earlier_turns_is_refused(chat, monkeypatch):
    # As templates do that strip the reasoning from all but the last answer.
    template = (
        "{% for m in messages %}<|begin|>{{ m['role'] }}\n{% if m['role'] == 'user' or loop.last %}{{ m['content'] }}"
        "{% endif %}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|begin|>assistant\n{% endif %}"
    )
    monkeypatch.setattr(chat.tokenizer, "chat_template", template)
    turns = [Turn(role, "x") for role in ("user", "assistant", "user", "assistant")]
    with pytest.raises(StageError, match="only appends"):
        chat.rendered(turns)
    assert supervised_text(chat, turns[:2]) == ["x<|end|>"]


def test_a_tokenizer_without_template_needs_chat_false(tiny_target, tmp_path):
    (tmp_path / "tokenizer.json").write_bytes((tiny_target.folder / "tokenizer.json").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    with pytest.raises(SourceError, match="chat: false"):
        ChatTokenizer(tmp_path, chat=True, system=None)
    assert ChatTokenizer(tmp_path, chat=False, system=None).render([Turn("user", "a")]) == "a\n"


def test_a_template_without_added_tokens_behind_the_question_leaves_nothing_in_memory(tiny_target):
    chat = ChatTokenizer(tiny_target.folder, chat=True, system=None)
    chat.tokenizer.chat_template = (
        "{% for m in messages %}{% if m.role == 'user' %}<|begin|>[INST] {{ m.content }} [/INST] "
        "{% else %}{{ m.content }}<|end|>{% endif %}{% endfor %}"
    )
    ChatTokenizer._rests.cache_clear()
    turns = [Turn("user", "Where is my parcel? " * 9)]
    head, rests = chat.answered(turns, ["here", "there"])
    assert head
    assert [[*head, *rest] for rest in rests] == chat.encode([chat._answer(turns, said) for said in ("here", "there")])
    assert ChatTokenizer._rests.cache_info().currsize == 0


def test_without_a_template_a_text_begins_with_what_the_tokenizer_puts_there(tiny_target, tmp_path):
    """A base model that was trained with it makes no sense without."""
    for name in ("config.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny_target.folder / name).read_bytes())
    known = json.loads((tiny_target.folder / "tokenizer.json").read_text())
    begin = {"SpecialToken": {"id": "<|begin|>", "type_id": 0}}
    known["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [begin, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<|pad|>", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {
            token: {"id": token, "ids": [number], "tokens": [token]}
            for token, number in (("<|begin|>", 1), ("<|pad|>", 2))
        },
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(known))
    chat = ChatTokenizer(tmp_path, chat=False, system=None)
    turns = [Turn("user", "2+2="), Turn("assistant", "4")]
    rendered = chat.rendered(turns)
    assert chat.opening == (1,)
    assert chat.tokenizer.decode(rendered.ids) == "<|begin|>2+2=\n4<|end|>\n"
    assert rendered.supervised[0] is False
    assert supervised_text(chat, turns) == ["4<|end|>"]
    assert chat.prompts([turns[:1], []]) == [list(rendered.ids[: len(chat.prompts([turns[:1]])[0])]), [1]]
    head, rests = chat.answered(turns[:1], ["4", "5"])
    assert (*head, *rests[0]) == rendered.ids[: len(head) + len(rests[0])]
    assert chat.count_tokens([turns, []]) == [len(rendered.ids), 0]
    assert chat.tokenize(["a"]) == [chat.encode(["a"])[0]]
    with_template = ChatTokenizer(tmp_path, chat=True, system=None)
    assert with_template.opening == ()
    assert chat.tokenizer.decode(with_template.prompts([turns])[0]).startswith("<|begin|>user\n2+2=")


def test_a_template_that_never_ends_is_refused_with_its_folder(tiny_target, tmp_path):
    for file in tiny_target.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    hostile = "{% set ns = namespace(s='xxxx') %}{% for i in range(99999) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"
    (tmp_path / "chat_template.jinja").write_text(hostile)
    with pytest.raises(SourceError, match=rf"{tmp_path}: its chat template cannot write .* makes more than 4,0"):
        ChatTokenizer(tmp_path, chat=True, system=None)
