from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.huggingface.token_tree import TokenTree, common_prefix

sequences = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9), min_size=1, max_size=6)


@given(sequences)
def test_a_tree_holds_every_sequence_once(found):
    tree, paths = TokenTree.of(found)
    for path, sequence in zip(paths, found, strict=True):
        assert [tree.tokens[node] for node in path] == sequence
        assert [tree.parents[node] for node in path] == [-1, *path[:-1]]
        assert [tree.depths()[node] for node in path] == list(range(len(sequence)))
    prefixes = {tuple(sequence[: end + 1]) for sequence in found for end in range(len(sequence))}
    assert len(tree) == len(prefixes)


@given(sequences)
def test_a_node_behind_the_trunk_sees_its_ancestors_and_itself(found):
    tree, paths = TokenTree.of(found)
    sees = tree.branching()
    assert sees.shape == (len(tree) - tree.trunk,) * 2
    for path in paths:
        assert path[: tree.trunk] == list(range(min(tree.trunk, len(path))))
        behind = [node - tree.trunk for node in path[tree.trunk :]]
        for place, node in enumerate(behind):
            assert sees[node].nonzero()[0].tolist() == sorted(behind[: place + 1])


@given(sequences, st.lists(st.integers(0, 3), max_size=5))
def test_a_tree_behind_a_head_is_the_tree_of_the_longer_sequences(found, head):
    behind = TokenTree.of(found)[0].behind(head)
    whole = TokenTree.of([[*head, *sequence] for sequence in found])[0]
    assert (behind.tokens, behind.parents, behind.trunk) == (whole.tokens, whole.parents, whole.trunk)


@given(sequences)
def test_the_common_prefix_is_what_all_share_and_no_more(found):
    length = common_prefix(found)
    assert len({tuple(sequence[:length]) for sequence in found}) == 1
    assert any(len(s) == length for s in found) or len({tuple(s[: length + 1]) for s in found}) > 1
