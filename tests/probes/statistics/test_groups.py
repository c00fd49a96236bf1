"""Groups: what belongs together stays together."""

import networkx as nx
import numpy as np
import pytest

from tacit.probes.statistics.groups import permute_by_group
from tacit.targets.base import Item
from tacit.targets.groups import components, item_keys


def item(k, **fields):
    return Item(item_id=f"i{k}", object_prompt=f"p{k}", report_prompt="r", control_answer="c", **fields)


def test_sharing_is_transitive():
    assert components([("a",), ("a", "b"), ("b",), ("c",)]).tolist() == [0, 0, 0, 1]


def test_items_without_any_key_stand_alone():
    assert components([(), (), ("a",)]).tolist() == [0, 1, 2]


def test_an_edge_joins_items_that_share_no_key():
    assert components([("a",), ("b",), ("c",)], edges=[(0, 2)]).tolist() == [0, 1, 0]


def test_components_agree_with_networkx_on_random_keys():
    rng = np.random.default_rng(0)
    keys = [tuple(rng.integers(60, size=rng.integers(0, 3))) for _ in range(80)]
    graph = nx.Graph()
    graph.add_nodes_from(range(80))
    graph.add_edges_from((i, ("key", k)) for i, own in enumerate(keys) for k in own)
    expected = {frozenset(n for n in c if isinstance(n, int)) for c in nx.connected_components(graph)}
    found = components(keys)
    assert {frozenset(np.flatnonzero(found == g).tolist()) for g in range(found.max() + 1)} == expected - {frozenset()}


def test_equal_prompt_group_and_entity_join_and_empty_ones_do_not():
    items = [item(0, entity="Ann"), item(1, entity="ann "), item(2, group="g"), item(3, group="g"), item(4), item(5)]
    assert components(item_keys(items, share_answers=False)).tolist() == [0, 0, 1, 1, 2, 3]


@pytest.mark.parametrize(("share", "expected"), [(True, [0, 0, 1]), (False, [0, 1, 2])])
def test_equal_answers_join_only_where_answers_are_facts(share, expected):
    items = [item(0, answers=("Paris",)), item(1, answers=("City of Light", "paris")), item(2, answers=("Rome",))]
    assert components(item_keys(items, share_answers=share)).tolist() == expected


def test_permuting_by_group_moves_whole_blocks():
    groups = np.repeat(np.arange(30), 3)
    values = np.repeat(np.arange(30.0), 3)
    out = permute_by_group(values, groups, np.random.default_rng(0))
    assert all(len(set(out[groups == g])) == 1 for g in range(30))
    assert sorted(out) == sorted(values)
    assert not np.array_equal(out, values)


def test_groups_of_sizes_of_their_own_take_one_anothers_values_cut_or_repeated():
    groups = np.repeat(np.arange(4), [1, 2, 3, 5])
    out = permute_by_group(groups.astype(float), groups, np.random.default_rng(2))
    assert all(len(set(out[groups == g])) == 1 for g in range(4))
    ramp = permute_by_group(np.arange(11.0), groups, np.random.default_rng(3))[groups == 3]
    given = ([0.0] * 5, [1.0, 2.0, 1.0, 2.0, 1.0], [3.0, 4.0, 5.0, 3.0, 4.0], [6.0, 7.0, 8.0, 9.0, 10.0])
    assert ramp.tolist() in given


def test_a_lone_large_group_does_not_keep_its_labels():
    groups, rng = np.concatenate([np.zeros(100, int), np.arange(1, 101)]), np.random.default_rng(5)
    y = np.r_[np.ones(100), rng.permutation(np.arange(100) % 2)]
    kept = [np.mean(permute_by_group(y, groups, rng)[:100] == y[:100]) for _ in range(300)]
    assert np.mean(kept) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("sizes", [np.arange(1, 31), np.full(30, 15)])
def test_the_null_is_as_wide_as_the_labels_of_groups_make_it(sizes):
    rng, groups = np.random.default_rng(4), np.repeat(np.arange(30), sizes)
    score = rng.normal(size=30)[groups]

    def spread(draws):
        return np.std([np.corrcoef(score, y)[0, 1] for y in draws])

    fresh = [rng.normal(size=30)[groups] for _ in range(2000)]
    permuted = [permute_by_group(y, groups, rng) for y in fresh]
    assert spread(permuted) == pytest.approx(spread(fresh), rel=0.08)
