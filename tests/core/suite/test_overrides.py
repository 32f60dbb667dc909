"""Overrides: `--set KEY=VALUE`, over what the file says."""

import pytest

from .suite_texts import MINIMAL, SUITE


@pytest.mark.parametrize(
    ("argument", "read", "value"),
    [
        ("train.r=8", lambda suite: suite.train.options["r"], 8),
        ("train.lr=5e-4", lambda suite: suite.train.options["lr"], 5e-4),
        ("train=", lambda suite: suite.train, None),
        ("gates[0].min=0.5", lambda suite: suite.gates[0].options["min"], 0.5),
        ("gates.0.min=0.5", lambda suite: suite.gates[0].options["min"], 0.5),
        ("gates[0]={metric: choice/macro_f1, max: 1}", lambda suite: suite.gates[0].metric, "choice/macro_f1"),
        ("score.attack.samples=10", lambda suite: suite.score[1].samples, 10),
        ("score.latency.new=4", lambda suite: suite.score[2].options["new"], 4),
        ("score[2].latency.new=4", lambda suite: suite.score[2].options["new"], 4),
        ("score.attack={samples: 3}", lambda suite: suite.score[1].options["budget"], 200),
        ("filters.length.max_characters=5", lambda suite: suite.filters[0].options["max_characters"], 5),
        ("filters.again.regions=[de]", lambda suite: suite.filters[4].options["regions"], ["de"]),
        ("filters.privacy.action.email=flag", lambda suite: suite.filters[3].action["email"], "flag"),
        ("report.html.title=a=b", lambda suite: suite.report[0].options["title"], "a=b"),
        ("report=[json]", lambda suite: [chosen.name for chosen in suite.report], ["json"]),
        ("data.validation.source=path:v.jsonl", lambda suite: suite.data.validation.keys.source, "path:v.jsonl"),
        ("model.system='8'", lambda suite: suite.model.system, "8"),
        ("description=no", lambda suite: suite.description, "no"),
    ],
)
def test_an_override_says_one_key(load, argument, read, value):
    assert read(load(SUITE, argument)) == value


def test_the_last_of_two_overrides_counts(load):
    assert load(SUITE, "seed=1", "seed=2").seed == 2


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("train.r=sixteen", "train.r: 'sixteen' is not a whole number"),
        ("gates[7].min=1", "gates[7]: 'gates' has 3 entries, numbered from 0"),
        (
            "score.atack.samples=1",
            "score.atack: no entry is called 'atack' (did you mean 'attack'?); there are: choice, attack, latency",
        ),
        ("seed.x=1", "seed.x: 'seed' is 7, which holds no keys"),
        (
            "train.r=[1",
            (
                "train.r: the value is not valid YAML at column 3: while parsing a flow sequence, expected ',' or ']', but "
                "got '<stream end>'; quote it"
            ),
        ),
        ("train={r: 1, r: 2}", "train: the value: stands here twice; the first is in line 1"),
        ("train.r", "is not KEY=VALUE, such as train.r=8 or gates[0].min=0.8"),
        ("=8", "is not KEY=VALUE, such as train.r=8 or gates[0].min=0.8"),
        (
            "trian.r=8",
            (
                "trian: unknown key (did you mean 'train'?); accepted: baselines, data, date, description, fewshot, filters, "
                "gates, model, name, report, score, search, seed, seeds, tracking, train"
            ),
        ),
    ],
)
def test_an_override_that_is_wrong_is_named(problems, argument, message):
    assert problems(SUITE, argument) == [f"--set {argument}: {message}"]


def test_two_entries_of_one_name_are_told_apart_by_number_or_alias(problems):
    text = MINIMAL + "filters: [length, length]\n"
    assert problems(text, "filters.length.max_tokens=5") == [
        "--set filters.length.max_tokens=5: filters.length: 2 entries are called 'length'; use their number or `as:`",
        "suite.yaml:4: filters[1]: two filters are called 'length'; give this one another name: `as: length-2`",
    ]


def test_problems_of_file_and_overrides_come_together(problems):
    assert problems(SUITE.replace("budget: 20", "budget: few"), "train.r=x", "gates.9.min=1") == [
        "--set gates.9.min=1: gates[9]: 'gates' has 3 entries, numbered from 0",
        "--set train.r=x: train.r: 'x' is not a whole number",
        "suite.yaml:18: score[1].attack.budget: 'few' is not a whole number",
    ]
