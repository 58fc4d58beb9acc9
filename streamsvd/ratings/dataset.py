"""Which data set ratings come from: its name, its checksum, and the limits of its scale."""

from __future__ import annotations

from dataclasses import dataclass

from streamsvd.errors import DatasetError

LARGEST_RATING, NARROWEST_SCALE = 1e9, 1e-6
"""Limits of a declared scale: within them, errors and their squares are exact enough, and nothing overflows."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Identity of a data set.

    Attributes
    ----------
    name : str
        Name in messages and reports, such as `ml-100k`.
    sha256 : str
        Checksum, in hexadecimal, of the ratings file that was read, and of which rows were left out.
    scale : tuple of float
        Lowest and highest rating that the data set declares.

    Raises
    ------
    DatasetError
        When the scale is not two numbers from -1e9 to 1e9, the lower one first, and at least 1e-6 apart.

    Examples
    --------
    >>> Dataset("toy", "06416e597f82b734" * 4, (1.0, 5.0)).source
    'toy-06416e59'
    """

    name: str
    sha256: str
    scale: tuple[float, float]

    def __post_init__(self) -> None:
        low, high = self.scale
        if not (low >= -LARGEST_RATING and high <= LARGEST_RATING and high - low >= NARROWEST_SCALE):
            raise DatasetError(
                f"{self.name}: a scale from {low:g} to {high:g} is not one; "
                "declare the lowest and the highest rating that the data set allows, such as (1, 5), within "
                f"±{LARGEST_RATING:g} and at least {NARROWEST_SCALE:g} apart"
            )

    @property
    def source(self) -> str:
        """Name of this data set as the source of events: a changed file is another source."""
        return f"{self.name[:246]}-{self.sha256[:8]}"  # at most 255 characters, as in the log
