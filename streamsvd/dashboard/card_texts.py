"""Titles, units and explanations of the dashboard's cards, for operators."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CardText:
    """The texts of one card.

    Attributes
    ----------
    key : str
        Part of the ids of its elements.
    title, unit : str
    meaning : str
        One line, always visible.
    help : tuple of str
        Paragraphs of its explanation: what it is, and what to do when it looks wrong.
    """

    key: str
    title: str
    unit: str
    meaning: str
    help: tuple[str, ...]


CURRENT_ERROR = CardText(
    "error-now",
    "Current error",
    "RMSE, in stars",
    "Error of predictions made before learning.",
    (
        "Every rating is predicted first, scored, and only then learned, so this error is of ratings that the "
        "model had not seen. Smaller is better: at 0.9 a prediction is typically off by nine tenths of a star.",
        "Event: predicted just before each rating. Page: predicted before the whole page of ratings that a user "
        "gave at one time, so that the first ones do not help to predict the others. Page is the stricter figure.",
        "If it rises and stays high, tastes or the data have changed, or a sender has an error: look at the "
        "drift marks and the dead letters.",
    ),
)
SPEED = CardText(
    "speed",
    "Speed",
    "ratings learned per second",
    "How fast the model learns ratings.",
    (
        "Ratings learned between the two newest checkpoints, by the wall clock. The small line shows the history.",
        "Without a backlog it is the rate at which ratings arrive. If it is lower, ratings queue up: see “Waiting”.",
    ),
)
LAG = CardText(
    "waiting",
    "Waiting",
    "ratings, and event time",
    "Ratings in the log that are not in the snapshot.",
    (
        "Counted between the offsets of the newest snapshot and the end of the log. The second figure is the same"
        " in event time: how much newer the log's newest rating is than the model's.",
        "A small number is normal. A growing number means that the consumer is too slow or has stopped; "
        "nothing is lost, the log keeps every rating.",
    ),
)
CLOCKS = CardText(
    "clocks",
    "Clocks",
    "UTC",
    "When the ratings were given, and now.",
    (
        "Event time is the date of the newest rating learned. In a replay of an old history it runs through that "
        "history; on live ratings it should keep up with the wall clock.",
        "The pace says how much event time passes in a second of wall clock, over the newest points.",
    ),
)
CHECKPOINT = CardText(
    "checkpoint",
    "Checkpoint",
    "age, duration, size",
    "The snapshot in Redis from which lookups are answered.",
    (
        "Model, metrics and offsets are written to Redis in one step every few seconds. Age is the time since; "
        "duration and size are those of the write before.",
        "While ratings come in, an age beyond half a minute means that the consumer has stopped or cannot write. "
        "Durations of seconds mean that Redis or the network is slow.",
    ),
)
MODEL_SIZE = CardText(
    "model-size",
    "Model size",
    "users, items, ratings",
    "Users and items with at least one rating learned.",
    (
        "Each user and each item has a row of learned factors. The lines show the numbers of users (solid) and items "
        "(dashed) over time.",
    ),
)
ERROR_CHART = CardText(
    "error-chart",
    "Error over time",
    "stars",
    "The error by both protocols, of the served model and its shadows.",
    (
        "Choose which ratings each point covers: all so far, the newest ones, or all with weights that fade. A "
        "short window shows changes soon, and noise with them.",
        "Solid lines are the event protocol, dashed lines the page protocol. Shadows learn the same ratings "
        "as the served model and answer no lookups; they are scored over all ratings that they have seen.",
        "A dotted vertical line is a change of the error that a drift detector reported; the arrow gives "
        "its direction.",
    ),
)
SIDE_BY_SIDE = CardText(
    "side-by-side",
    "Side by side",
    "RMSE over all ratings, in stars",
    "The served model, its shadows and baselines on the same ratings.",
    (
        "Every model predicts each rating before it learns it. The difference is to the served model by the page "
        "protocol: below zero means that the shadow is better.",
        "A verdict is given only when a confidence sequence allows it, which holds at all times. A better shadow "
        "can be made the served model: streamsvd promote NAME.",
    ),
)
DEAD_LETTERS = CardText(
    "dead-letters",
    "Dead letters",
    "records",
    "Records that were no valid ratings, kept unchanged with the reason; of very large ones the head.",
    (
        "The consumer does not stop for a bad record: it writes it, with the reason, to the dead-letter topic.",
        "None at all is normal. Many with one reason mean that a sender has an error: look at the value of "
        "one of them.",
    ),
)
SINGULAR = CardText(
    "singular",
    "Singular values",
    "no unit",
    "Weight of each learned direction of taste.",
    (
        "The singular values of the learned factors of all users and items. A high bar is a direction in "
        "which tastes differ much.",
        "If the last bars are close to zero, a smaller rank would do; if they are all alike, a larger one may pay.",
    ),
)
SLICES = CardText(
    "slices",
    "Error by slice",
    "RMSE by the page protocol, in stars",
    "The error by slices of the ratings.",
    (
        "New users and new items have the largest error, as the model has few ratings of them. Other slices are chosen "
        "above the table.",
        "A slice with many ratings that is much worse than the rest is worth a closer look.",
    ),
)
COVERAGE = CardText(
    "coverage",
    "Interval coverage",
    "share of the ratings",
    "How many ratings lay within their predicted intervals.",
    (
        "Every prediction has a standard deviation, and so intervals. The 80 % interval should hold 80 % of the "
        "ratings; likewise the others. The rows group the ratings by how many the user had given before.",
        "Shares well below the heading mean that the predicted deviations are too small; well above, too large.",
    ),
)
LOOKUP = CardText(
    "lookup",
    "Look up a user or an item",
    "predictions in stars",
    "What an application would get from the newest snapshot, and why.",
    (
        "A user's id gives the newest ratings, and the items that the model ranks highest among those not rated, "
        "each with the user's own ratings that contribute most to it. Words of a title give items, and each of them "
        "those that the same users like.",
        "Lookups write nothing, and the model learns nothing from them.",
    ),
)
