"""Titles, units and explanations of the dashboard's cards, for operators."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one card.

    Attributes
    ----------
    key : str
        Part of the names of its elements.
    title, unit : str
    meaning : str
        One line, always visible.
    help : tuple of str
        Paragraphs that open on request: what it is, and what to do when it looks wrong.
    """

    key: str
    title: str
    unit: str
    meaning: str
    help: tuple[str, ...]


ERROR_NOW = Wording(
    "error-now",
    "Error now",
    "RMSE, in stars",
    "How far off, predicted before learned.",
    (
        "Every rating is predicted first, scored, and only then learned, so this error is of ratings that the "
        "model had not seen. Smaller is better: 0.9 means that a prediction is typically nine tenths of a star "
        "off.",
        "Event: predicted just before each rating. Page: predicted before the whole page of ratings that somebody"
        " gave at one moment, so that the first does not give the others away. Page is the more honest figure.",
        "If it climbs and stays up, tastes or the data have changed, or something sends nonsense: look at the "
        "drift marks and the dead letters.",
    ),
)
SPEED = Wording(
    "speed",
    "Speed",
    "ratings learned a second",
    "How fast ratings become part of the model.",
    (
        "Ratings learned between the two newest checkpoints, by the wall clock. The small line shows the history.",
        "With nothing to learn it falls to what comes in. If it is lower than what comes in, ratings queue up: "
        "see “Waiting”.",
    ),
)
WAITING = Wording(
    "waiting",
    "Waiting",
    "ratings, and event time",
    "Ratings in the log, not in the snapshot.",
    (
        "Counted between the offsets of the newest snapshot and the end of the log. The second figure is the same"
        " in event time: how much newer the log's last rating is than the model's.",
        "A number that stays small is normal. One that grows means that the consumer is too slow or has stopped; "
        "nothing is lost, the log keeps every rating.",
    ),
)
CLOCKS = Wording(
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
CHECKPOINT = Wording(
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
KNOWN = Wording(
    "known",
    "What it knows",
    "users, items, ratings",
    "People and films with at least one rating learned.",
    (
        "Each user and each film has a row of learned factors. The line shows how users (solid) and items "
        "(dashed) were met.",
    ),
)
ERROR_CHART = Wording(
    "error-chart",
    "Error over time",
    "stars",
    "How the error developed, by both protocols; the served model and its shadows.",
    (
        "Choose which ratings each point covers: all so far, the newest ones, or all with weights that fade. A "
        "short window shows changes soon, and noise with them.",
        "Solid lines are the event protocol, dashed lines the page protocol. Shadows learn the same ratings "
        "beside the served model and answer nobody; they are scored over all ratings that they have seen.",
        "A dotted upright line is a change of the error that a drift detector reported; the arrow says which way "
        "it went.",
    ),
)
SIDE_BY_SIDE = Wording(
    "side-by-side",
    "Side by side",
    "RMSE over all ratings, in stars",
    "The served model, its shadows and baselines on the same ratings.",
    (
        "Every model predicts each rating before it learns it. The difference is to the served model by the page "
        "protocol: below zero means that the shadow is better.",
        "A verdict is given only when the evidence holds however often one looks. A better shadow can be made the"
        " served model: streamsvd promote NAME.",
    ),
)
DEAD_LETTERS = Wording(
    "dead-letters",
    "Dead letters",
    "records",
    "Records that were no valid ratings, kept untouched with the reason.",
    (
        "The consumer never stops for a bad record: it puts it aside, with the reason, into the dead-letter "
        "topic, and goes on.",
        "None at all is normal. Many with one reason mean that some sender has a mistake: open one and look at "
        "its value.",
    ),
)
SINGULAR = Wording(
    "singular",
    "Singular values",
    "no unit",
    "How much each learned direction of taste contributes.",
    (
        "The learned factors of all users and films, taken together, written as a singular value decomposition. A"
        " tall bar is a direction in which tastes differ much.",
        "If the last bars are close to zero, a smaller rank would do; if they are all alike, a larger one may pay.",
    ),
)
SLICES = Wording(
    "slices",
    "Where it errs",
    "RMSE by the page protocol, in stars",
    "The error over parts of the ratings.",
    (
        "New users and new films are the hardest: nothing is known of them yet. Choose another way to part the "
        "ratings above the table.",
        "A part that is much worse than the rest, with many ratings, is where work pays.",
    ),
)
CALIBRATION = Wording(
    "calibration",
    "Honest deviations",
    "share of the ratings",
    "How many ratings lay within the intervals that were predicted for them.",
    (
        "With every prediction goes how far off it may be. Of the intervals that should hold 80 % of the ratings, 80 % "
        "should; likewise the others. The rows part the ratings by how many the user had given before.",
        "Shares well below the heading mean that the model is surer than it should be; well above, that it is too "
        "modest.",
    ),
)
LOOKUP = Wording(
    "lookup",
    "Look up a user or a film",
    "predictions in stars",
    "What the newest snapshot would answer an application, and why.",
    (
        "A user's id gives the newest ratings, and the films that the model predicts highest among those not "
        "rated, each with the user's own ratings that speak most for it. A film's title or id gives films that "
        "the same people like.",
        "Nothing is written and nothing is learned by looking.",
    ),
)
