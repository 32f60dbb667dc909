"""Answers: what a record expects, one answer or several, a preferred and a rejected one, or tests to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from seatrial.rows.calls import decoded
from seatrial.rows.encoding import encoded
from seatrial.rows.expected import Check, Expected, Preference, References
from seatrial.rows.format_error import FormatError
from seatrial.rows.given import Given, listed
from seatrial.rows.record_values import list_of, mapping_of, need, text_of
from seatrial.rows.turn import Turn
from seatrial.rows.turns import history_of, messages_of, shared_turns

__all__ = ["answer_of", "answers_of", "checked", "judged", "passage_before", "preferred"]

_PASSAGES = ("context", "passage", "article")
_OTHERS = ("answers", "references")
_VERDICTS: dict[str, bool | int] = {"true": True, "false": False, "1": 1, "0": 0}
_REJECTED = ("rejected", "rejected_response")
"""The second is ms-swift's."""
_SOLUTIONS = ("canonical_solution", "completion", "response", "code")


def answer_of(given: Given, key: str) -> Turn:
    """The assistant's answer under a key that must be there."""
    return Turn("assistant", given.said(_filled(given.need(key), key), key))


def _filled(value: object, key: str) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise FormatError(f"`{key}` is empty, so the row has no answer", rule="empty")
    if isinstance(value, bool):  # as BoolQ writes them
        return "true" if value else "false"
    return text_of(value, key)


def passage_before(given: Given, question: str) -> str:
    """The question behind the passage that it is about, and a blank line."""
    for key in _PASSAGES:
        if key not in given.record:
            continue
        passage = given.record[key]
        if isinstance(passage, list) and all(isinstance(part, str) for part in passage):
            passage = "\n\n".join(passage)
        if isinstance(passage, str):
            given.used.add(key)
            if passage.strip():
                return f"{text_of(passage, key)}\n\n{question}"
    return question


# ---- several answers -------------------------------------------------------------------------------------------------


def answers_of(given: Given, key: str) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
    """The turns that answer, and what else would be right."""
    value = given.need(key)
    if isinstance(value, list) and (not value or isinstance(value[0], Mapping)) and key not in _OTHERS:
        turns = messages_of(value, key, given)
        if turns[-1].role != "assistant":
            raise FormatError(
                f"`{key}` ends with the role {turns[-1].role}, not with the assistant's answer", rule="wrong-role"
            )
        return turns, ()
    texts = _texts(value, key)
    for other in _OTHERS:
        if other in given.record and other != key and given.record[other]:
            texts += _texts(given.get(other), other)
    if len(texts) == 1:
        return (Turn("assistant", given.said(texts[0], key)),), ()
    first, *others = dict.fromkeys(texts)
    return (Turn("assistant", given.said(first, key)),), tuple(others)


def _texts(value: object, key: str) -> list[str]:
    """One answer, a list of them, SQuAD's `{text: […]}`, or TriviaQA's `{value, aliases}`."""
    if isinstance(value, str) and key not in _OTHERS:
        return [_filled(value, key)]
    if isinstance(value, Mapping) and "value" in value:
        return [_filled(value["value"], f"{key}.value"), *_texts(value.get("aliases") or [value["value"]], key)]
    if isinstance(value, Mapping) and "text" in value:
        return _texts(value["text"], f"{key}.text")
    if key in _OTHERS and isinstance(value, str) and value.lstrip().startswith("["):
        value = listed(value, key)
    if not isinstance(value, list):
        return [_filled(value, key)]
    if not value:
        raise FormatError(f"`{key}` holds no answer", rule="empty")
    return [
        _filled(need(item, "text", f"{key}[{at}]") if isinstance(item, Mapping) else item, f"{key}[{at}]")
        for at, item in enumerate(value)
    ]


# ---- preferences -----------------------------------------------------------------------------------------------------


def judged(given: Given, turns: tuple[Turn, ...]) -> tuple[tuple[Turn, ...], Expected | None]:
    """What is expected beside a conversation's answer: others that are right or that were rejected, a check, or a verdict.

    An answer that was rejected by itself (KTO) is not trained.
    """
    if given.record.get("ground_truth") is not None and given.tools():
        return turns, _calls_to_make(given)
    beside = _beside(given, turns) if turns[-1].role == "assistant" else _check(given)
    if beside is not None:
        return turns, beside
    verdict = _verdict(given, "kto_tag" if "kto_tag" in given.record else "label")
    if verdict is None:
        return turns, None
    if turns[-1].role != "assistant":
        raise FormatError("`label` judges an answer, and the row ends without one", rule="empty")
    if verdict:
        return turns, Preference(chosen=turns[-1:])
    turns = (*turns[:-1], replace(turns[-1], trained=False))
    return turns, Preference(rejected=turns[-1:])


def _beside(given: Given, turns: tuple[Turn, ...]) -> Expected | None:
    record = given.record
    rejected = next((key for key in _REJECTED if record.get(key) is not None), None)
    if rejected is not None:
        # The chosen answer is what stands behind the user's last words.
        asked = max((place for place, turn in enumerate(turns) if turn.role == "user"), default=len(turns) - 2)
        return Preference(turns[asked + 1 :], _side(given, rejected))
    if (check := _check(given)) is not None:
        return check
    references = record.get("references")
    if isinstance(references, list) and references and all(isinstance(one, str) for one in references):
        return References((turns[-1].content, *_texts(given.get("references"), "references")))
    return None


def _check(given: Given) -> Check | None:
    """The check that a record brings; what it runs may be written as JSON."""
    if given.record.get("check") is None:
        return None
    check = decoded(said) if isinstance(said := given.get("check"), str) else said
    told = mapping_of(check, "check")
    code = told.get("code")
    if isinstance(code, Mapping | list):
        try:
            code = encoded(code)
        except (TypeError, ValueError) as error:
            raise FormatError("`check.code` holds what JSON cannot say", rule="wrong-type") from error
    kind, entry_point, prefix = (
        text_of(told.get(key) or "", f"check.{key}") for key in ("kind", "entry_point", "prefix")
    )
    return Check(kind, text_of(code or "", "check.code"), entry_point, prefix)


def _calls_to_make(given: Given) -> Check:
    """The calls that are right, as the Berkeley Function Calling Leaderboard writes them."""
    where = "ground_truth"
    calls = listed(given.get(where), where)
    for at, call in enumerate(calls):
        told = mapping_of(call, f"{where}[{at}]")
        if len(told) != 1 or not isinstance(arguments := next(iter(told.values())), Mapping):
            raise FormatError(
                f"`{where}[{at}]` is no call: one is {{function: {{argument: [values that are right]}}}}",
                rule="wrong-type",
            )
        for name, values in arguments.items():
            list_of(values, f"{where}[{at}].{name}")
    try:
        return Check("calls", encoded(calls))
    except (TypeError, ValueError) as error:
        raise FormatError(f"`{where}` holds what JSON cannot say", rule="wrong-type") from error


def _verdict(given: Given, key: str) -> bool | None:
    value = given.record.get(key)
    if isinstance(value, str):  # a table's cell
        value = _VERDICTS.get(value.strip().lower())
    if not isinstance(value, bool) and (key == "label" or value not in (0, 1)):  # a label of 0 or 1 may be a class
        return None
    given.used.add(key)
    return bool(value)


def preferred(given: Given) -> tuple[tuple[Turn, ...], Expected]:
    """The conversation with the preferred answer, and the preference."""
    chosen, rejected = _side(given, "chosen"), _side(given, "rejected")
    if chosen[0].role == "assistant":
        prompt = _asked(given)
        chosen = (*prompt, *chosen)
        rejected = (*prompt, *rejected)
    else:  # whole conversations
        given.used |= {"prompt", "question", "messages"}
        system = given.system() if chosen[0].role != "system" else ()
        chosen, rejected = (*system, *chosen), (*system, *rejected)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(chosen, rejected, strict=False)))
    if not chosen[shared:] or not rejected[shared:]:
        raise FormatError("`chosen` and `rejected` say the same", rule="wrong-answer")
    if not shared or chosen[-1].role != "assistant" or rejected[-1].role != "assistant":
        raise FormatError(
            "`chosen` and `rejected` are no two answers to one prompt: they must begin alike, and end with the assistant",
            rule="wrong-role",
        )
    return chosen, Preference(chosen[shared:], rejected[shared:])


def _side(given: Given, key: str) -> tuple[Turn, ...]:
    value = given.need(key)
    if isinstance(value, Mapping):
        value = [value]
    if isinstance(value, list):
        shared = bool(value) and isinstance(value[0], Mapping) and "from" in value[0]
        return shared_turns(value, key, given) if shared else messages_of(value, key, given)
    return (Turn("assistant", given.said(_filled(value, key), key)),)


def _asked(given: Given) -> tuple[Turn, ...]:
    """What was asked before the two answers."""
    if "instruction" in given:
        context = given.optional_text(given.first_of(("input", "context")))
        asked = given.text("instruction") + (f"\n\n{context}" if context else "")
        return (*given.system(), *history_of(given), Turn("user", given.said(asked, "instruction")))
    key = given.first_of(("prompt", "question", "messages", "conversations"))
    if key not in given:
        raise FormatError(
            "`chosen` and `rejected` have no `prompt`: put what was asked under that key, or give both as whole lists of "
            "messages",
            rule="missing-key",
        )
    asked = given.need(key)
    if key == "conversations":
        return (*given.system(), *shared_turns(asked, key, given))
    if isinstance(asked, list) or key == "messages":
        turns = messages_of(asked, key, given)
        return turns if turns[0].role == "system" else (*given.system(), *turns)
    question = Turn("user", given.said(passage_before(given, text_of(asked, key)), key))
    return (*given.system(), *history_of(given), question)


# ---- checks ----------------------------------------------------------------------------------------------------------


def checked(given: Given) -> tuple[tuple[Turn, ...], Expected]:
    """A programming task, its solution where there is one, and its tests."""
    asked = given.text(given.first_of(("prompt", "text")))
    if "test_list" in given:
        setup = given.optional_text("test_setup_code") or "\n".join(_lines(given.get("test_imports"), "test_imports"))
        check = Check("python", "\n".join(_lines(given.need("test_list"), "test_list")), prefix=setup)
    else:
        check = Check("python", given.text("test"), given.optional_text("entry_point"), prefix=asked)
    if not check.code.strip():
        raise FormatError("there is no test to run", rule="empty")
    key = given.first_of(_SOLUTIONS)
    solution = given.optional_text(key)
    answer = (Turn("assistant", solution),) if solution.strip() else ()
    return (Turn("user", asked), *answer), check


def _lines(value: object, key: str) -> Sequence[str]:
    return [] if value is None else [text_of(line, f"{key}[{at}]") for at, line in enumerate(list_of(value, key))]
