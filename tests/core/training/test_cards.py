"""Cards: what fits, how long work takes, and which card a driver's name means."""

from __future__ import annotations

import pytest

from seatrial.training import TrainingCost, Work
from seatrial.training.cards import CARDS, Card, card_named

CARD = Card("one", 10_000 << 20, 100e12, 10e12, 1e12, 300, "")


def test_what_fits_leaves_room_between_tensors():
    assert CARD.fit(8_000 << 20) == "fits"
    assert CARD.fit(9_200 << 20) == "tight"
    assert CARD.fit(9_301 << 20) == "no"


def test_arithmetic_traffic_and_launches():
    assert CARD.seconds(Work()) == 0
    assert CARD.seconds(Work(products=80e12)) == pytest.approx(1.0)
    assert CARD.seconds(Work(products32=8e12)) == pytest.approx(1.0)
    assert CARD.seconds(Work(products=80e12, traffic=0.68e12)) == pytest.approx(2.0)
    waits = CARD.seconds(Work(products=80e9, launches=1e6))
    assert waits == pytest.approx(12.0)
    assert CARD.seconds(Work(products=80e9, kernels=1e6)) < waits


def test_a_training_is_its_steps_its_evaluations_and_its_checkpoints():
    second = Work(products=80e12)
    cost = TrainingCost("cuda", {"weights": 1}, [second] * 3, validation=second.times(2), written=4_000_000_000)
    assert CARD.training_seconds(cost) == pytest.approx(3 + 2 + 4)


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("NVIDIA H100 80GB HBM3", "H100 80 GB"),
        ("NVIDIA H200", "H200 141 GB"),
        ("NVIDIA A100-SXM4-80GB", "A100 80 GB"),
        ("NVIDIA L4", "L4 24 GB"),
        ("NVIDIA L40S", "L40S 48 GB"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090 24 GB"),
        ("NVIDIA RTX A6000", "RTX A6000 48 GB"),
    ],
)
def test_a_driver_s_name(device, name):
    assert card_named(device).name == name


@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        "NVIDIA H100 PCIe",
        "NVIDIA H100 NVL",
        "NVIDIA A100-SXM4-40GB",
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "L40",
    ],
)
def test_another_build_is_not_taken_for_it(device):
    assert card_named(device) is None


def test_there_are_cards_of_each_size():
    assert {card.name.split()[-2] for card in CARDS} == {"24", "48", "80", "141"}
    assert all(0.9e9 * int(card.name.split()[-2]) < card.memory < 1.1e9 * int(card.name.split()[-2]) for card in CARDS)
