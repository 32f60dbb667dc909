"""evaluate without its evaluators, and whole for whoever asks for them."""

import importlib
import sys

import pytest


def names():
    return [name for name in sys.modules if name.partition(".")[0] == "evaluate"]


@pytest.fixture
def evaluate(monkeypatch):
    """A copy of evaluate of this test's own, imported as the metrics import it."""
    ours = "seatrial_plugins.accuracy.evaluate_import"
    monkeypatch.setitem(sys.modules, "transformers", None)  # its evaluators do without, and are there sooner
    for name in [*names(), *([ours] if ours in sys.modules else [])]:
        monkeypatch.delitem(sys.modules, name)
    yield importlib.import_module(ours).evaluate
    for name in [*names(), ours]:
        sys.modules.pop(name, None)


def test_its_evaluators_are_imported_by_whoever_asks_for_one(evaluate):
    assert not [name for name in names() if name.startswith(("evaluate.evaluator", "evaluate.evaluation_suite"))]
    assert not {"evaluator", "Evaluator", "EvaluationSuite"} & vars(evaluate).keys()
    with pytest.raises(AttributeError, match="'evaluate' has no attribute 'no_such'"):
        _ = evaluate.no_such
    assert evaluate.EvaluationSuite.__module__ == "evaluate.evaluation_suite"
    assert evaluate.evaluator.__name__ == "evaluator"  # the function, and not the module that it stands in
    assert evaluate.Evaluator is sys.modules["evaluate.evaluator"].Evaluator
    assert issubclass(evaluate.TextClassificationEvaluator, evaluate.Evaluator)


def test_one_that_was_imported_already_is_the_one_that_is_used(evaluate):
    ours = importlib.reload(sys.modules["seatrial_plugins.accuracy.evaluate_import"])
    assert ours.evaluate is evaluate
    assert evaluate.Evaluator.__module__ == "evaluate.evaluator.base"
