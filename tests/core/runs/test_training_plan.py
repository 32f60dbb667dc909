"""A suite's training, planned: who is asked, with which rows, and what becomes of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.core.runs.toys import Learn, Toys, suite_text, toy_host, write_trial

import seatrial
from seatrial import MethodComponent, cli, hookimpl
from seatrial.errors import ContractError, UsageError
from seatrial.runs.training_plan import plan_training
from seatrial.suite.file import load_suite
from seatrial.training import Lighter, Probed, TrainingCost, Work

GIB = 1 << 30


class Thrifty(Learn):
    """Tells what it costs: a second of an H200's arithmetic for each row, and as many bytes as it is told."""

    def __init__(self, toys, size, probed=None):
        super().__init__(toys)
        self.size, self.probed = size, probed

    def cost(self, job):
        self.toys.asked_of = len(job.train)
        return TrainingCost("cuda", {"weights": self.size}, [Work(products=0.80 * 989e12)] * len(job.train))

    def lighter(self, job):
        yield Lighter({"train.half": True}, replace(self.cost(job), memory={"weights": self.size // 2}))
        yield Lighter({"train.tenth": True}, replace(self.cost(job), memory={"weights": self.size // 10}))

    def probe(self, job, cost):
        return self.probed


class Planned(Toys):
    def __init__(self, size=30 * GIB, probed=None, cost=None):
        super().__init__()
        self.size, self.probed, self.told = size, probed, cost

    @hookimpl
    def seatrial_methods(self):
        def thrifty(*, half: bool = False, tenth: bool = False) -> object:
            method = Thrifty(self, self.size, self.probed)
            if self.told is not None:
                method.cost = lambda job: self.told
            return method

        yield MethodComponent("learn", lambda: Learn(self), "Synonyms.")
        yield MethodComponent("thrifty", thrifty, "Synonyms, told.")


@pytest.fixture
def plan(tmp_path):
    """Plans the toys' suite."""
    write_trial(tmp_path)
    file = tmp_path / "suite.yaml"
    file.write_text(suite_text(tmp_path))

    def planned(toys=None, *, method="thrifty", overrides=(), **options):
        host = toy_host(toys or Planned())
        suite = load_suite(file, host, overrides=[f"train.method={method}", *overrides])
        return plan_training(suite, host, runs=tmp_path / "runs", cache=tmp_path / "cache", **options)

    return planned


def test_cards_get_time_energy_and_what_to_change(plan):
    toys = Planned()
    made = plan(toys)
    rows = toys.asked_of
    cards = {one.card.name: one for one in made.own.cards}
    assert rows > 5
    assert made.own.peak == 30 * GIB
    assert (cards["H200 141 GB"].fit, cards["H200 141 GB"].lighter) == ("fits", None)
    assert cards["H200 141 GB"].seconds == pytest.approx(rows)
    assert cards["H200 141 GB"].kilowatt_hours == pytest.approx(700 * rows / 3.6e6)
    assert cards["A100 80 GB"].seconds == pytest.approx(rows * 989 / 312)
    assert cards["L40S 48 GB"].fit == "fits"
    small = cards["RTX 4090 24 GB"]
    assert (small.fit, dict(small.lighter.change)) == ("no", {"train.half": True})
    assert not small.measured
    assert plan(Planned(400 * GIB)).own.cards[0].lighter is None


def test_the_rows_are_those_of_the_data_stages_and_nothing_is_kept(plan, tmp_path):
    toys = Planned()
    assert plan(toys).rows_from == ()
    assert not (tmp_path / "runs").exists()
    assert toys.trained == 0
    ran = seatrial.run(tmp_path / "suite.yaml", runs=tmp_path / "runs", host=toy_host(toys), progress=False)
    told = plan(toys)
    assert told.rows_from == (ran.folder.name,)
    assert toys.asked_of == ran.result.facts("decontaminate")["splits"]["train"]


def test_a_probe_makes_a_measurement_of_the_estimate(plan):
    probed = Probed("NVIDIA H200", [0, 1], seconds=3.0, starting=5.0, peak=20 * GIB)
    toys = Planned(probed=probed)
    own = plan(toys, probe=True).own
    cards = {one.card.name: one for one in own.cards}
    assert own.peak == 20 * GIB
    assert cards["H200 141 GB"].measured
    assert cards["H200 141 GB"].seconds == own.measured_seconds == pytest.approx(1.5 * toys.asked_of + 5)
    assert not cards["H100 80 GB"].measured
    other = plan(Planned(probed=replace(probed, device="cpu")), probe=True).own
    assert not any(one.measured for one in other.cards)
    assert other.measured_seconds == pytest.approx(1.5 * toys.asked_of + 5)


def test_other_methods_are_planned_or_named(plan):
    made = plan(methods=True, overrides=["train.half=true"])
    assert made.unplanned["learn"].startswith("learn (plugin toy-parts) does not tell")
    assert "lora" in made.unplanned  # the toys' model is none of transformers
    assert made.others == ()


def test_a_method_that_tells_nothing_is_named_not_guessed(plan):
    with pytest.raises(UsageError, match=r"learn \(plugin toy-parts\) does not tell what its training costs"):
        plan(method="learn")


def test_a_suite_that_trains_nothing_has_no_plan(plan, tmp_path):
    text = (tmp_path / "suite.yaml").read_text().replace("train: {method: learn}\n", "")
    (tmp_path / "suite.yaml").write_text(text.replace("baselines: [always]\n", ""))
    host = toy_host(Planned())
    suite = load_suite(tmp_path / "suite.yaml", host)
    with pytest.raises(UsageError, match="words trains nothing"):
        plan_training(suite, host)


def test_what_a_method_gives_instead_of_a_cost_is_its_fault(plan):
    with pytest.raises(ContractError, match=r"thrifty .*gave a str where it must give a TrainingCost"):
        plan(Planned(cost="a lot"))


def test_seeds_multiply(plan):
    assert plan(overrides=["seeds=[1, 2, 3]"]).trainings == 3


def test_the_command_line_and_python(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEATRIAL_CACHE", str(tmp_path / "cache"))
    write_trial(tmp_path)
    (tmp_path / "suite.yaml").write_text(suite_text(tmp_path).replace("method: learn", "method: thrifty"))
    monkeypatch.setattr("seatrial.commands.planning.host_for", lambda *_, **__: toy_host(Planned()))

    def said(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main(["plan", "suite.yaml", *arguments])
        assert not ended.value.code
        return capsys.readouterr().out

    document = json.loads(said("--json"))
    assert document["method"] == "thrifty"
    assert document["peak_bytes"] == 30 * GIB
    assert [card["fit"] for card in document["cards"]] == ["no", "no", "fits", "fits", "fits", "fits", "fits"]
    assert document["cards"][0]["lighter"]["change"] == {"train.half": True}
    text = said()
    assert "H200 141 GB" in text
    assert "train.half=true" in text
    assert "weights" in text
    own = seatrial.plan("suite.yaml", host=toy_host(Planned()), runs=tmp_path / "runs").own
    assert own.cost.peak == 30 * GIB
