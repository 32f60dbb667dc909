"""The course of a training."""

from seatrial_reports.course import build_course


def test_the_masked_example_joins_neighbours(plain_result):
    course = build_course(plain_result)
    assert [(piece.supervised, piece.text) for piece in course.masked_example] == [
        (False, "<|im_start|>user\nWhere is my parcel?<|im_end|>\n<|im_start|>assistant\n"),
        (True, "delivery<|im_end|>"),
    ]
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
