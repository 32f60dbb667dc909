"""Choose: every option of a row is asked about, each question once; what cannot be asked is an error, never a guess."""

from types import MappingProxyType

import pytest

from seatrial import Continuation, Row, System, Task, Turn
from seatrial.errors import StageError
from seatrial.rows import Choice, Label, Preference
from seatrial.rows.table import RowList
from seatrial_plugins.probes import build_choose, seatrial_probes

LABELS = ("exchange rate", "lost card")


class WordOverlap:
    """A real, if simple, model: an option is the likelier the more of its words stand in the prompt."""

    facts = MappingProxyType({})

    def __init__(self):
        self.asked = []

    def loglikelihoods(self, prompts, options):
        if any("unspeakable" in turns[-1].content for turns in prompts):
            raise StageError("the prompt is too long for the model's context")
        self.asked += zip(prompts, options, strict=True)
        return [
            [Continuation(-float(len(set(option.split()) - set(turns[-1].content.split()))), len(option)) for option in listed]
            for turns, listed in zip(prompts, options, strict=True)
        ]  # fmt: skip


def label_row(text, label, name="r"):
    return Row(name, (Turn("user", text), Turn("assistant", label)), "text-label", "s", "f", 1, Label(label))


def choice_row(text, answer, *choices):
    turns = Turn("user", text), Turn("assistant", answer)
    right = choices.index(answer) if answer in choices else None
    return Row("r", turns, "choice", "s", "f", 1, Choice(choices, right), slice="botany")


@pytest.fixture
def ask(transcribed):
    """What becomes of rows that are put to a model, or to another system."""

    def asked(rows, *, labels=LABELS, system=None, examples=(), steps=None):
        system = system or System("tuned", "tuned", WordOverlap())
        return transcribed(build_choose(), system, Task("test", RowList(rows), labels, examples), steps)

    return asked


def test_each_of_the_labels_is_asked_about_in_their_order(ask):
    steps = []
    (transcript,) = ask([label_row("my card is lost", "lost card")], steps=steps)
    assert transcript.row == "r"
    assert [said.text for said in transcript.responses] == list(LABELS)
    assert [said.logprob for said in transcript.responses] == [-2.0, 0.0]
    assert [said.tokens for said in transcript.responses] == [13, 9]
    assert transcript.error is None
    assert steps == [(1, 1)]


def test_a_multiple_choice_row_is_asked_about_its_own_choices(ask):
    (transcript,) = ask([choice_row("which is a fruit: apple", "apple", "stone", "apple")])
    assert [said.text for said in transcript.responses] == ["stone", "apple"]


def test_rows_that_ask_the_same_are_asked_once_and_have_a_transcript_each(ask):
    model = WordOverlap()
    rows = [label_row("my card is lost", label, f"r{n}") for n, label in enumerate([*LABELS, LABELS[1]])]
    rows.append(choice_row("my card is lost", "lost", "lost", "found"))  # the same question, other options
    transcripts = ask(rows, system=System("tuned", "tuned", model))
    assert [one.row for one in transcripts] == ["r0", "r1", "r2", "r"]
    assert transcripts[0].responses == transcripts[1].responses == transcripts[2].responses
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    "options",
    [
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\U0001f469\U0001f467"),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\U0001f525"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u0937"),
    ],
    ids=["a Persian verb", "a family", "a heart on fire", "a half form"],
)
def test_joiners_that_are_seen_make_another_option(ask, options):
    (transcript,) = ask([choice_row("hello", options[0], *options)])
    assert transcript.error is None


@pytest.mark.parametrize(
    ("row", "labels", "reason"),
    [
        (Row("r", (Turn("user", "hello"),), "chat", "s", "f", 1), LABELS, "the row has no expected answer"),
        (
            Row("r", (Turn("user", "hello"), Turn("assistant", "hi")), "chat", "s", "f", 1),
            LABELS,
            "neither a label nor choices",
        ),
        (label_row("hello", "greeting"), LABELS, "'greeting' is not among the 2 labels"),
        (choice_row("hello", "plum", "stone", "apple"), LABELS, "'plum' is not among its choices"),
        (label_row("lost card", "lost card"), ("lost card",), "nothing to choose: the only option is 'lost card'"),
        (choice_row("apple", "apple", "apple"), LABELS, "nothing to choose: the only option is 'apple'"),
        (choice_row("apple", "apple", "apple", "apple"), LABELS, "nothing to choose: the only option is 'apple'"),
        (choice_row("apple", "apple", "apple", "apple\u200b "), LABELS, "nothing to choose: the only option is 'apple'"),
        (choice_row("apple", "apple", "apple", "pear", "apple\u200b"), LABELS, "'apple' and 'apple\\u200b' look the same"),
        (choice_row("tea", "caf\u00e9", "tea", "caf\u00e9", "cafe\u0301"), LABELS, "look the same"),
        (choice_row("hello", "yes", "no", "yes", "yes "), LABELS, "'yes' and 'yes ' look the same"),
        (choice_row("hello", "yes", "no", "yes", "y\u200ces"), LABELS, "'yes' and 'y\\u200ces' look the same"),
        (choice_row("hello", "\u0645\u06cc", "no", "\u0645\u06cc", "\u0645\u06cc\u200c"), LABELS, "look the same"),
        (label_row("hello", "hello"), (), "neither a label nor choices"),
    ],
    ids=["unanswered", "free text", "label unseen", "answer missing", "one label", "one choice", "same choices", "same to the eye", "two of them unlike in nothing seen", "composed otherwise", "white space at the end", "a joiner in Latin", "a joiner at the end", "no labels"],
)  # fmt: skip
def test_what_cannot_be_asked_is_an_error_and_not_asked(ask, row, labels, reason):
    class Classifier:
        facts = MappingProxyType({})

        def classify(self, rows):
            assert not rows
            return []

    model = WordOverlap()
    for system in (System("tuned", "tuned", model), System("majority", "baseline", Classifier())):
        (transcript,) = ask([row], labels=labels, system=system)
        assert reason in transcript.error
        assert transcript.responses == ()
    assert not model.asked


def test_one_row_that_the_model_refuses_does_not_take_the_others_along(ask):
    rows = [label_row("lost card", "lost card", "a"), label_row("unspeakable", "lost card", "b"), label_row("x", "lost card", "c")]  # fmt: skip
    first, second, third = ask(rows)
    assert second.error == "the prompt is too long for the model's context"
    assert first.error is third.error is None
    assert len(first.responses) == len(third.responses) == 2


def test_examples_before_the_prompt_change_its_hash_and_nothing_else_does(ask):
    row = label_row("lost card", "lost card")
    examples = (Turn("user", "rate?"), Turn("assistant", "exchange rate"))
    plain, again, shot = (
        ask([row], system=system)[0]
        for system in (
            System("tuned", "tuned", WordOverlap()),
            System("base", "base", WordOverlap()),
            System("base-1shot", "fewshot", WordOverlap(), examples),
        )
    )
    (scorers,) = ask([row], examples=examples)
    assert plain.prompt_hash == again.prompt_hash != shot.prompt_hash
    assert scorers.prompt_hash == shot.prompt_hash  # they stand before every system's prompts
    assert ask([row], labels=(*LABELS, "card"))[0].prompt_hash != plain.prompt_hash


def test_examples_stand_behind_a_system_turn(ask):
    model = WordOverlap()
    turns = Turn("system", "Route it."), Turn("user", "lost card"), Turn("assistant", "lost card")
    row = Row("r", turns, "chat", "s", "f", 1, Label("lost card"))
    own, scorers = (Turn("user", "a"), Turn("assistant", "b")), (Turn("user", "c"), Turn("assistant", "d"))
    ask([row], system=System("base-1shot", "fewshot", model, own), examples=scorers)
    ((prompt, _),) = model.asked
    assert prompt == (turns[0], *own, *scorers, turns[1])


def test_a_classifier_names_a_label_and_no_likelihood(ask):
    class Longest:
        facts = MappingProxyType({})

        def classify(self, rows):
            return [max(LABELS, key=len) for _ in rows]

    rows = [label_row("rate", "exchange rate", "a"), Row("b", (Turn("user", "?"),), "chat", "s", "f", 1), label_row("x", "lost card", "c")]  # fmt: skip
    first, second, third = ask(rows, system=System("longest", "baseline", Longest()))
    for one in (first, third):
        (said,) = one.responses
        assert (said.text, said.logprob, said.tokens) == ("exchange rate", None, None)
    assert "no expected answer" in second.error
    assert first.prompt_hash == ask(rows)[0].prompt_hash  # paired with what a model is asked


def test_a_model_that_can_do_neither_is_refused_by_name(ask):
    with pytest.raises(StageError, match="choose: endpoint neither scores options nor classifies"):
        ask([label_row("a", "b")], system=System("endpoint", "tuned", object()))


def test_no_rows_no_transcripts(ask):
    assert ask([]) == []


def test_the_component_says_that_either_capability_is_enough():
    components = {component.name: component for component in seatrial_probes()}
    assert components["choose"].needs == {"scores", "classifies"}
    assert components["choose"].asks_rows


class Naming:
    facts = MappingProxyType({})

    def classify(self, rows):
        return ["lost card"] * len(rows)


def preference_row(chosen, rejected):
    talk = (Turn("user", "where is the lost card"), Turn("assistant", chosen))
    others = tuple(Turn("assistant", text) for text in rejected)
    return Row("r", talk, "preference", "s", "f", 1, Preference(talk[1:], others))


def test_of_a_preference_both_answers_are_asked_about_and_a_classifier_is_asked_about_none(ask):
    row = preference_row("the lost card", ["go away"])
    (transcript,) = ask([row])
    assert [(said.text, said.logprob) for said in transcript.responses] == [("the lost card", 0.0), ("go away", -2.0)]
    (transcript,) = ask([row], system=System("majority", "baseline", Naming()))
    assert "neither a label nor choices" in transcript.error
    assert [one.error is None for one in ask([preference_row("the lost card", ["go", "away"])])] == [False]
    (transcript,) = ask([preference_row("go away", ["go away"])])
    assert "the only option is 'go away'" in transcript.error
