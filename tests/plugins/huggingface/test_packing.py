from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial_plugins.huggingface.exactness import packing_is_exact
from seatrial_plugins.huggingface.packed_attention import packed_attention
from seatrial_plugins.huggingface.packing import pack, run_packed
from seatrial_plugins.huggingface.token_tree import TokenTree

sequences = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9), min_size=1, max_size=6)


@given(sequences, st.integers(0, 6))
def test_packing_keeps_every_token_at_its_place(found, shared):
    rows = [[7] * shared + sequence for sequence in found]
    packed = pack([TokenTree.line(row) for row in rows])
    for index, row in enumerate(rows):
        places = [packed.place(index, node) for node in range(len(row))]
        assert packed.input_ids[0, places].tolist() == row
        assert packed.position_ids[0, places].tolist() == list(range(len(row)))
    assert packed.input_ids.shape[1] == packed.prefix + sum(len(row) - packed.prefix for row in rows)
    assert all(len(row) > packed.prefix for row in rows)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_packed_logits_are_those_of_separate_passes(network, data):
    model = network()
    token = st.integers(0, 96)
    head = data.draw(st.lists(token, max_size=12))
    rows = [
        [head + data.draw(st.lists(token, min_size=1, max_size=20)) for _ in range(data.draw(st.integers(1, 3)))]
        for _ in range(data.draw(st.integers(1, 4)))
    ]
    trees = [TokenTree.of(options) for options in rows]
    packed = pack([tree for tree, _ in trees])
    with torch.no_grad():
        for row, (_, paths) in enumerate(trees):
            for path, ids in zip(paths, rows[row], strict=True):
                places = torch.tensor([packed.place(row, node) for node in path])
                alone = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]
                torch.testing.assert_close(run_packed(model, packed, places), alone, atol=1e-5, rtol=1e-5)


def test_gradients_through_a_shared_prefix_are_those_of_separate_passes(network):
    model = network()
    rows = [[1, 2, 3, 4, 5, 6, 10, 11], [1, 2, 3, 4, 5, 6, 20], [1, 2, 3, 4, 5, 6, 30, 31, 32]]
    packed = pack([TokenTree.line(row) for row in rows])
    assert packed.prefix == 6
    ends = torch.tensor([packed.place(row, len(ids) - 1) for row, ids in enumerate(rows)])
    run_packed(model, packed, ends).logsumexp(-1).sum().backward()
    together = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    for ids in rows:
        model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].logsumexp(-1).backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(together[name], parameter.grad, atol=1e-5, rtol=1e-4)


def test_a_sliding_window_is_kept(network):
    model = network(model_type="mistral", sliding_window=8)
    assert packing_is_exact(model, 97, torch.device("cpu"))
    rows = [list(range(20)) + [50 + row] * (3 + row) for row in range(3)]
    packed = pack([TokenTree.line(row) for row in rows])
    with torch.no_grad():
        for row, ids in enumerate(rows):
            places = torch.tensor([packed.place(row, node) for node in range(len(ids))])
            alone = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]
            torch.testing.assert_close(run_packed(model, packed, places), alone, atol=1e-5, rtol=1e-5)


def test_long_batches_take_the_fused_kernel_and_give_the_same(network, monkeypatch):
    model = network()
    rows = [[1, 2, 3, 4, 5, *range(6, 6 + size)] for size in (40, 3, 17)]
    packed = pack([TokenTree.line(row) for row in rows])
    places = torch.arange(packed.input_ids.shape[1])
    with torch.no_grad():
        written_out = run_packed(model, packed, places)
        monkeypatch.setattr("seatrial_plugins.huggingface.packed_attention._MATERIALISED", 0)
        fused = run_packed(model, packed, places)
    torch.testing.assert_close(fused, written_out, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("materialised", [1 << 22, 0], ids=["written out", "fused"])
def test_dropout_leaves_out_attention_weights_of_packed_rows_and_scales_the_others(monkeypatch, materialised):
    monkeypatch.setattr("seatrial_plugins.huggingface.packed_attention._MATERIALISED", materialised)
    rows = [[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 8, 9]]
    packed = pack([TokenTree.line(row) for row in rows])
    assert packed.prefix == 4
    tokens = packed.input_ids.shape[1]
    torch.manual_seed(0)
    query, key = torch.randn(2, 1, 3, tokens, 16).unbind()
    # Each token's value is its own coordinate, so that the result is the weights.
    value = torch.eye(tokens, 16).expand(1, 3, -1, -1)
    whole, _ = packed_attention(torch.nn.Module(), query, key, value, None, packed=packed)
    dropped, _ = packed_attention(torch.nn.Module(), query, key, value, None, packed=packed, dropout=0.5)
    left_out = (dropped == 0) & (whole > 0)
    assert 0.3 < left_out.sum() / (whole > 0).sum() < 0.7
    assert left_out[:, :4].any()
    assert left_out[:, 4:].any()
    torch.testing.assert_close(dropped[~left_out], 2 * whole[~left_out])


GPT2 = {"model_type": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 4, "resid_pdrop": 0.0, "embd_pdrop": 0.0}


@pytest.mark.parametrize("options", [{"attention_dropout": 0.5}, {**GPT2, "attn_pdrop": 0.5}], ids=["llama", "gpt2"])
def test_a_model_with_attention_dropout_trains_packed_rows_with_it(network, options):
    model = network(**options)
    if not packing_is_exact(model, 97, torch.device("cpu")):
        assert "model_type" in options
        pytest.skip("this version of transformers cannot pack GPT-2, so its rows are padded instead")
    packed = pack([TokenTree.line([1, 2, 3, 4, 5, 6, 7]), TokenTree.line([1, 2, 3, 4, 5, 9])])
    places = torch.tensor([4, 5, 6])
    with torch.no_grad():
        still = [run_packed(model, packed, places) for _ in range(2)]
        model.train()
        drawn = [run_packed(model, packed, places) for _ in range(2)]
    assert torch.equal(*still)
    assert not torch.equal(*drawn)
