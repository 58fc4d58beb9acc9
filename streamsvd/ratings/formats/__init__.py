"""The formats of ratings files, one module each; a new one is its module and its line in `FORMATS`."""

from streamsvd.errors import DatasetError
from streamsvd.ratings.formats.atomic import ATOMIC
from streamsvd.ratings.formats.csv_with_header import CSV_WITH_HEADER
from streamsvd.ratings.formats.double_colon import DOUBLE_COLON
from streamsvd.ratings.formats.grouped import GROUPED
from streamsvd.ratings.formats.json_lines import JSON_LINES
from streamsvd.ratings.formats.parquet import PARQUET
from streamsvd.ratings.formats.table import TABLE
from streamsvd.ratings.formats.u_data import U_DATA
from streamsvd.ratings.reading.columns import shortened
from streamsvd.ratings.reading.format import Format
from streamsvd.ratings.reading.sample import Sample

FORMATS = (PARQUET, JSON_LINES, GROUPED, U_DATA, DOUBLE_COLON, CSV_WITH_HEADER, ATOMIC, TABLE)
"""In the order in which files are looked for and first lines are asked; a table may be anything, so it comes last."""


def recognise(sample: Sample) -> Format:
    """The format of a file that begins like this.

    Raises
    ------
    DatasetError
        When it is none of them.
    """
    for each in FORMATS:
        if each.recognises(sample):
            return each
    known = "; ".join(f"{each.name}: {each.first_line}" for each in FORMATS if each.first_line)
    raise DatasetError(
        f"{sample.where}: found {shortened(sample.first_line)}, which starts none of the known formats ({known}); "
        "name the columns for user, item, rating and, where there is one, timestamp "
        "(columns=Columns(…), --columns USER,ITEM,RATING,TIME; positions from 0 where there is no header)"
    )
