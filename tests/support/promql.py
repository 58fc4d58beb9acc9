"""What a PromQL expression asks for: metrics, and the labels by which it selects and groups. Enough for our own rules.

Strings, ranges and selectors are taken out first; what is then left of names that nobody calls are metrics.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_NAME = re.compile(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)\b(?!\s*\()")
_WORDS = {"and", "or", "unless", "bool", "offset"}


@dataclass(slots=True)
class Asked:
    """What an expression asks for.

    Attributes
    ----------
    metrics : set of str
    matchers : list of (metric, label, operator, value)
    grouping : set of str
        Labels of `by (…)`, `on (…)` and the like.
    """

    metrics: set[str] = field(default_factory=set)
    matchers: list[tuple[str, str, str, str]] = field(default_factory=list)
    grouping: set[str] = field(default_factory=set)


def asked(expression: str) -> Asked:
    """Take an expression apart.

    >>> found = asked('sum by (kind) (rate(a_total{kind=~"x|y"}[5m] offset 1h)) / on () b > 0.5')
    >>> sorted(found.metrics), found.matchers, found.grouping
    (['a_total', 'b'], [('a_total', 'kind', '=~', 'x|y')], {'kind'})
    """
    found = Asked()
    for metric, selector in _SELECTOR.findall(expression):
        found.matchers += [(metric, *matcher) for matcher in _MATCHER.findall(selector)]
    bare = re.sub(r"\[[^\]]*\]", " ", _SELECTOR.sub(r"\1 ", expression))
    for labels in _GROUPING.findall(bare):
        found.grouping |= {label.strip() for label in labels.split(",")} - {""}
    found.metrics = set(_NAME.findall(_GROUPING.sub(" ", bare))) - _WORDS
    return found
