"""ROUGE against the package that published results are computed with."""

from __future__ import annotations

import random

import pytest
from rouge_score.rouge_scorer import RougeScorer

from seatrial_plugins.accuracy.metrics import Rouge
from seatrial_plugins.accuracy.metrics.rouge import ROUGE_TYPES, common_subsequence


@pytest.mark.parametrize("stemmed", [False, True])
def test_it_agrees_with_rouge_score(pairs, stemmed):
    package = RougeScorer(list(ROUGE_TYPES), use_stemmer=stemmed)
    found = Rouge().compute(
        predictions=[said for said, _ in pairs],
        references=[references for _, references in pairs],
        use_aggregator=False,
        use_stemmer=stemmed,
    )
    for place, (said, references) in enumerate(pairs):
        for name, score in package.score_multi(references, said).items():
            assert found[name][place] == pytest.approx(score.fmeasure, abs=1e-6), (said, references)
    assert len(set(found["rouge2"])) > 100


def test_the_aggregate_is_the_mean():
    found = Rouge().compute(predictions=["a b", "c"], references=["a b", "d"], rouge_types=["rougeL"])
    assert found == {"rougeL": 0.5}


def test_a_text_in_another_script_is_read_instead_of_counting_as_nothing():
    judge = Rouge().judge()
    assert judge("我们明天去北京", ["我们明天去北京"])["rougeL"] == 1.0
    assert judge("明天下雨", ["我们明天去北京"])["rouge1"] == pytest.approx(4 / 11)
    assert judge("у меня 12 котов", ["у них 12 собак"])["rouge1"] == 0.5
    assert judge("我有12只猫", ["他没12条狗"])["rouge1"] < 0.3  # the package reads the 12 alone and says 1.0
    assert judge("", ["我们"]) == dict.fromkeys(ROUGE_TYPES, 0.0)


def test_the_longest_common_subsequence_is_that_of_the_table():
    chance = random.Random(2)
    for _ in range(300):
        left, right = (chance.choices("abcd", k=chance.randint(0, 90)) for _ in range(2))
        table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
        for i, one in enumerate(left):
            for j, other in enumerate(right):
                table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
        assert common_subsequence(left, right) == table[-1][-1]


def test_a_type_that_is_none_is_refused_by_name():
    with pytest.raises(ValueError, match=r"rouge9.*rougeL"):
        Rouge().judge(rouge_types=["rouge9"])
