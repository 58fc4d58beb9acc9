"""A log and a stored model that do not belong together are refused, with both names."""

from __future__ import annotations

import pytest

from consumer.guards import check_log_reaches, check_same_partitions, check_same_topic
from streamsvd.errors import TopicUnsafe


def test_a_log_may_be_longer_than_what_was_read_but_not_shorter() -> None:
    check_log_reaches("ratings", {}, {0: 5})
    check_log_reaches("ratings", {0: 5, 1: 0}, {0: 5})
    with pytest.raises(TopicUnsafe, match=r"topic ratings: .* offsets \{1: 7\}, but the log ends at \{0: 9, 1: 6\}"):
        check_log_reaches("ratings", {0: 9, 1: 7}, {0: 9, 1: 6})


def test_a_topic_that_was_recreated_is_another_one() -> None:
    check_same_topic("ratings", "abc", "abc")
    with pytest.raises(TopicUnsafe, match=r"topic ratings was deleted .* \(id abc, now xyz\)"):
        check_same_topic("ratings", "abc", "xyz")


def test_a_topic_keeps_the_partitions_that_a_model_is_learned_from() -> None:
    check_same_partitions("ratings", [1, 0], range(2))
    with pytest.raises(TopicUnsafe, match=r"topic ratings has 3 partition\(s\), but the model is learned from 2"):
        check_same_partitions("ratings", [0, 1], range(3))
