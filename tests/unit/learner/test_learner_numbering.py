"""Ids to row numbers: the table for integers says what the dictionary says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.learner.id_index import IdIndex
from streamsvd.ratings import CodedIds

INTEGERS = st.one_of(st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1))
STEPS = st.lists(st.tuples(st.sampled_from(["learn", "remove", "text"]), st.lists(INTEGERS, max_size=40)), max_size=8)


@given(STEPS)
def test_arrays_lists_and_the_dictionary_agree(steps: list[tuple[str, list[int]]]) -> None:
    numbering, rows = IdIndex(), dict[int | str, int]()
    for action, ids in steps:
        if action == "learn":
            column = np.array(ids, np.int64)
            fresh = numbering.fresh(column, numbering.find(column))
            assert fresh == [name for name in dict.fromkeys(ids) if name not in rows]
            rows.update(zip(fresh, numbering.add(fresh).tolist(), strict=True))
        elif action == "text":
            rows.update(zip(["a", "b"], numbering.add(["a", "b"]).tolist(), strict=True)) if "a" not in rows else None
        else:
            for name in ids:
                assert numbering.remove(name) == rows.pop(name, None)
        expected = [rows.get(name, -1) for name in ids]
        assert numbering.find(np.array(ids, np.int64)).tolist() == numbering.find(ids).tolist() == expected
        assert len(set(rows.values())) == len(numbering) == len(rows)
        numbers, names = numbering.taken()
        assert dict(zip(names, numbers.tolist(), strict=True)) == rows
        assert numbering.names(numbers) == names


TEXTS = ["ann", "bob", "cid", "7", "é"]


@given(st.lists(st.tuples(st.sampled_from(["learn", "remove", "other"]), st.lists(st.integers(0, 4))), max_size=8))
def test_coded_texts_and_lists_agree(steps: list[tuple[str, list[int]]]) -> None:
    coded, listed, texts = IdIndex(), IdIndex(), list[str]()
    for action, codes in steps:
        texts += TEXTS[len(texts) : max(codes, default=-1) + 1]
        column = CodedIds(np.array(codes, np.int64), texts)
        if action == "learn":
            assert coded.number(column)[1] == listed.number([texts[code] for code in codes])[1]
        elif action == "other":
            texts = TEXTS.copy()
        else:
            assert [coded.remove(name) for name in column] == [listed.remove(name) for name in column]
        assert coded.find(column).tolist() == listed.find(list(column)).tolist()
        assert (coded.rows, coded.ids) == (listed.rows, listed.ids)


def test_a_freed_number_goes_to_the_next_new_id() -> None:
    numbering = IdIndex()
    numbering.add(["ann", "bob", "cid"])
    numbering.remove("bob")
    numbering.remove("ann")
    assert numbering.add(["dan", "eve", "fay"]).tolist() == [0, 1, 3]
    restored = IdIndex()
    numbers, names = numbering.taken()
    restored.restore(names, numbers, [])
    assert (restored.rows, restored.ids) == (numbering.rows, numbering.ids)


def test_the_table_keeps_up_while_ids_come_in() -> None:
    numbering = IdIndex()
    for block in range(20):
        ids = np.arange(block * 50, block * 50 + 100) * 2**40
        numbering.add(numbering.fresh(ids, numbering.find(ids)))
    assert numbering.find(np.arange(1050) * 2**40).tolist() == list(range(1050))


def test_an_id_beyond_64_bits_after_a_column_of_integers() -> None:
    numbering = IdIndex()
    numbering.number(np.arange(40))
    rows, fresh = numbering.number([2**70, 3, "3", -(2**63), 2**63])
    assert (rows.tolist(), fresh) == ([40, 3, 41, 42, 43], [2**70, "3", -(2**63), 2**63])
    assert numbering.find(np.array([3, -(2**63), 41])).tolist() == [3, 42, -1]
