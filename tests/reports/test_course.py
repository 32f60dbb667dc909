"""The course of a training."""

from seatrial_reports.course import build_course


def test_each_masked_example_joins_neighbours(plain_result):
    course = build_course(plain_result)
    first, second = course.masked_examples
    assert [(piece.supervised, piece.text) for piece in first.pieces] == [
        (False, "<|im_start|>user\nWhere is my parcel?<|im_end|>\n<|im_start|>assistant\n"),
        (True, "delivery<|im_end|>"),
    ]
    assert (first.row, second.row) == ("r1", "r2")
    assert [piece.text for piece in second.pieces] == ["billing<|im_end|>"]
    assert ("supervised tokens (the loss is on these only)", "2,345 (4.6%)") in course.figures


def test_the_course_names_its_settings_and_what_the_proof_asks_for(plain_result):
    course = build_course(plain_result)
    assert course.setting == "r 16, learning rate 0.002, target modules q_proj, v_proj"
    assert course.where == "on cuda:0, in bfloat16"
    assert course.proof.endswith("by up to 3.25 (more than 0.001 is asked for).")
    assert ("validation rows", "24") in course.figures
    assert course.product == "cd" * 32


def test_a_model_without_likelihoods_is_shown_changed_by_its_answers(run, record):
    records = [record("train", method="lora"), record("verify_training", rows=8, changed_answers=5)]
    assert build_course(run(records=records)).proof.endswith("5 of 8 rows get another answer than before.")


def test_the_one_example_of_an_earlier_version_is_shown(run, record):
    pieces = [{"text": "asked", "supervised": False}, {"text": "said", "supervised": True}]
    (example,) = build_course(run(records=[record("train", method="lora", masked_example=pieces)])).masked_examples
    assert [piece.text for piece in example.pieces] == ["asked", "said"]


def test_a_classifier_is_proved_by_the_labels_that_it_names(run, record):
    records = [record("train", method="classifier"), record("verify_training", rows=8, labels=["a", "b"])]
    assert build_course(run(records=records)).proof.endswith("its head names 2 different labels for 8 rows.")


def test_a_masked_example_names_its_pictures(run, record):
    shown = {"row": "r1", "pieces": [{"text": "Which?", "supervised": False}], "pictures": ["0badc0de" * 8, 7]}
    (example,) = build_course(run(records=[record("train", method="lora", masked_examples=[shown])])).masked_examples
    assert example.pictures == ("0badc0de" * 8, "7")
