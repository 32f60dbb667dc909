from __future__ import annotations

import unittest

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial_plugins.huggingface.exactness import varlen_is_exact
from seatrial_plugins.huggingface.lines import line_up
from seatrial_plugins.huggingface.packing import run_packed

with_cuda = unittest.skipUnless(torch.cuda.is_available(), "the kernel needs a CUDA GPU")

tokens = st.integers(0, 96)
tails = st.lists(st.lists(tokens, min_size=1, max_size=20), min_size=1, max_size=5)


@given(tails, st.lists(tokens, max_size=12))
def test_every_token_stands_at_its_place_with_its_position(tails, head):
    rows = [head + tail for tail in tails]
    lines = line_up(rows)
    for index, row in enumerate(rows):
        places = [lines.place(index, node) for node in range(len(row))]
        assert lines.input_ids[0, places].tolist() == row
        assert lines.position_ids[0, places].tolist() == list(range(len(row)))
    assert lines.input_ids.shape[1] == lines.prefix + sum(len(row) - lines.prefix for row in rows)
    assert lines.varlen.cu_seq_q[-1] == lines.input_ids.shape[1]
    assert lines.varlen.cu_seq_k.diff().tolist()[-len(rows) :] == [len(row) for row in rows]
    assert lines.varlen.max_q >= int(lines.varlen.cu_seq_q.diff().max())
    assert lines.varlen.max_k >= int(lines.varlen.cu_seq_k.diff().max())


def test_a_prefix_is_shared_where_that_saves_enough():
    long, short = list(range(30)), [1, 2]
    assert line_up([[*long, 50], [*long, 60, 61]]).prefix == 30
    assert line_up([[*short, *range(40, 90)], [*short, *range(20, 70)]]).prefix == 0


@settings(max_examples=25, deadline=None)
@given(tails, st.lists(tokens, max_size=12))
def test_logits_of_rows_end_to_end_are_those_of_separate_passes(network, tails, head):
    model, rows = network(), [head + tail for tail in tails]
    lines = line_up(rows)
    with torch.no_grad():
        for index, row in enumerate(rows):
            places = torch.tensor([lines.place(index, node) for node in range(len(row))])
            alone = model(input_ids=torch.tensor([row]), use_cache=False).logits[0]
            torch.testing.assert_close(run_packed(model, lines, places), alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("head", [[], [1, 2, 3, 4, 5, 6]], ids=["nothing shared", "a prefix"])
def test_losses_and_gradients_are_those_of_separate_passes_row_by_row(network, head):
    model = network()
    rows = [[*head, 10, 11], [*head, 20], [*head, 30, 31, 32]]
    lines = line_up(rows)
    assert lines.prefix == len(head)
    ends = torch.tensor([lines.place(row, len(ids) - 1) for row, ids in enumerate(rows)])
    for row, ids in enumerate(rows):
        model.zero_grad()
        loss = run_packed(model, lines, ends)[row].logsumexp(-1)
        loss.backward()
        together = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
        model.zero_grad()
        alone = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].logsumexp(-1)
        alone.backward()
        torch.testing.assert_close(loss, alone)
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(together[name], parameter.grad, atol=1e-5, rtol=1e-4)


def test_a_sliding_window_is_kept(network):
    model = network(model_type="mistral", sliding_window=8)
    for shared in (0, 20):
        rows = [[*range(shared), *(50 + row for _ in range(9 + row))] for row in range(3)]
        lines = line_up(rows)
        assert lines.prefix == shared
        with torch.no_grad():
            for row, ids in enumerate(rows):
                places = torch.tensor([lines.place(row, node) for node in range(len(ids))])
                alone = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]
                torch.testing.assert_close(run_packed(model, lines, places), alone, atol=1e-5, rtol=1e-5)


def test_what_is_not_finite_in_one_row_stays_there(network):
    model = network()
    with torch.no_grad():
        model.get_input_embeddings().weight[96] = torch.nan
        lines = line_up([[1, 2, 96, 4], [5, 6, 7]])
        assert torch.isfinite(run_packed(model, lines, torch.tensor([lines.place(1, node) for node in range(3)]))).all()
        assert not torch.isfinite(run_packed(model, lines, torch.tensor([lines.place(0, 3)]))).any()


def test_without_a_gpu_rows_are_not_laid_end_to_end(network):
    assert not varlen_is_exact(network(), 97, torch.device("cpu"))


@with_cuda
@pytest.mark.parametrize("shared", [0, 40], ids=["nothing shared", "a prefix"])
@pytest.mark.parametrize("window", [None, 16], ids=["all", "a window"])
def test_the_kernel_gives_the_losses_and_gradients_of_separate_passes_row_by_row(network, shared, window):
    kind = {} if window is None else {"model_type": "mistral", "sliding_window": window}
    model = network(hidden_size=128, **kind).to("cuda", torch.bfloat16)
    assert varlen_is_exact(model, 97, torch.device("cuda"))
    draw = torch.Generator().manual_seed(0)
    head = torch.randint(97, (shared,), generator=draw).tolist()
    rows = [head + torch.randint(97, (size,), generator=draw).tolist() for size in (33, 150, 64, 7)]
    lines = line_up(rows).to(torch.device("cuda"))
    assert lines.prefix == shared
    reference = network(hidden_size=128, **kind).to("cuda")  # float32, the same weights
    for row, ids in enumerate(rows):
        places = torch.tensor([lines.place(row, node) for node in range(len(ids))], device="cuda")
        model.zero_grad()
        loss = run_packed(model, lines, places).float().logsumexp(-1).mean()
        loss.backward()
        reference.zero_grad()
        alone = reference(input_ids=torch.tensor([ids], device="cuda"), use_cache=False).logits[0]
        expected = alone.logsumexp(-1).mean()
        expected.backward()
        torch.testing.assert_close(loss, expected, rtol=1e-2, atol=1e-2)
        of = dict(reference.named_parameters())
        for name, parameter in model.named_parameters():
            found, by_hand = parameter.grad.float().flatten(), of[name].grad.flatten()
            assert torch.cosine_similarity(found, by_hand, dim=0) > 0.98, name
