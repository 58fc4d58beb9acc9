"""Tables as people have them: separators, quotes, ids, decimal commas, blank lines, comments, files without times."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest

from streamsvd.errors import DatasetError
from streamsvd.ratings import Columns, RatingTable, read_ratings
from streamsvd.ratings.reading import splitting

NAMED = Columns("user", "item", "rating", "time")
COUNTED = Columns(0, 1, 2, 3)
HEADER = "user,item,rating,time\n"


def read(place: Path, text: str, columns: Columns | None = NAMED, **options: object) -> RatingTable:
    """What is read of a file with this text, its times in seconds."""
    options.setdefault("time_format", "s")
    path = place / "a.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return read_ratings(path, columns, **options)  # type: ignore[arg-type]


def refusal(place: Path, text: str, columns: Columns | None = NAMED, **options: object) -> str:
    """What is said of a file with this text."""
    with pytest.raises(DatasetError) as caught:
        read(place, text, columns, **options)
    return str(caught.value)


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize("delimiter", [",", ";", "|"])
def test_a_quoted_field_holds_line_breaks_quotes_and_delimiters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delimiter: str, size: int
) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    lines = ['ann,"Light,\r\n""dry"" too.\n\n",tent,4,5', 'bob,fine,"ten,t",3,6', 'ann,"\n,",stove,5,7']
    table = read(tmp_path, "\r\n".join(["user,review,item,rating,time", *lines]).replace(",", delimiter))
    assert table.users.tolist() == ["ann", "bob", "ann"]
    assert table.items.tolist() == ["tent", f"ten{delimiter}t", "stove"]


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("delimiter", [",", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_quoted_field_of_the_first_record_holds_line_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delimiter: str, size: int, end: str
) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    rows = 'ann,"nice\n\nfilm, é",heat,5,1400000000\nbob,"a",heat,4,1400000001\n'
    for header, columns, line in [
        ("", Columns(0, 2, 3, 4), 4),
        ('# é\n\nuser,"a ""review""\n,é",item,rating,time\n', NAMED, 8),
    ]:
        text = (header + rows).replace("\n", end).replace(",", delimiter)
        table = read(tmp_path, text, columns)
        assert (table.users.tolist(), table.items.tolist()) == (["ann", "bob"], ["heat", "heat"])
        assert f"line {line}: the rating is 'no'" in refusal(
            tmp_path, text.replace(f"heat{delimiter}4", f"heat{delimiter}no"), columns
        )


def test_a_header_with_a_line_break_where_positions_are_given(tmp_path: Path) -> None:
    said = refusal(tmp_path, 'user,"the\nitem",rating,time\nann,heat,5,1400000000\n', COUNTED)
    assert r"line 1: looks like a header ('user, the\nitem, rating, time')" in said


def test_a_line_after_quoted_breaks_has_its_number(tmp_path: Path) -> None:
    text = 'user,review,item,rating,time\nann,"a\nb\n\nc",x,4,5\n\nbob,d,x,no,6\n'
    assert "a.csv, line 7: the rating is 'no'" in refusal(tmp_path, text)
    assert "line 7: found 4 fields instead of 5" in refusal(tmp_path, text.replace("no,6", "6"))


@pytest.mark.parametrize("bad", ['x,"y,3,4\n', 'x,"y"z,3,4\n', 'x, "y" z,3,4\n'])
def test_a_quote_that_is_not_closed_as_it_has_to_be_is_refused_with_its_line(tmp_path: Path, bad: str) -> None:
    good = 'a,"b",3,4\n'
    assert "line 4: a quoted field is not closed, or goes on" in refusal(tmp_path, HEADER + 2 * good + bad + good)


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize("delimiter", [",", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blanks_around_a_quoted_field_are_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delimiter: str, size: int, end: str
) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    lines = [
        ' "ann" ,\t"heat" , "5",1400000000',
        'bob,heat,4,"1400000001"\t ',
        'eve,"heat" ,"3" ,1400000002',
        'joe, "a , ""b"" ,\n "" c" ,3,1400000003',
    ]
    table = read(tmp_path, end.join(["user,item,rating,time", *lines, ""]).replace(",", delimiter), scale=(1, 5))
    assert table.users.tolist() == ["ann", "bob", "eve", "joe"]
    assert table.items.tolist() == ["heat", "heat", "heat", 'a , "b" ,\n " c'.replace(",", delimiter)]
    assert table.ratings.tolist() == [5, 4, 3, 3]


def test_a_line_after_blanks_around_quotes_has_its_number(tmp_path: Path) -> None:
    assert "line 4: the rating is 'no'" in refusal(
        tmp_path, HEADER + 'a, "x\ny" ,3,1400000000\nb, "z" ,no,1400000001\n'
    )


def test_a_quote_within_a_field_that_is_not_quoted_is_a_character(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER + 'a,5" nail,3,4\nb,"x",2,5\n').items.tolist() == ['5" nail', "x"]


@pytest.mark.parametrize("delimiter", ["\t", "::"])
def test_quotes_between_tabs_are_characters_but_for_those_around_a_field(tmp_path: Path, delimiter: str) -> None:
    lines = ['a,x,5,1,"Great, he said', "b,y,1,2,no", 'c,"x",4,3,"new"', 'd,y,2,4,works"', '"e ""f""",y",3,5,ok']
    text = (
        "\n".join(["user,item,rating,time,title", *lines])
        .replace(",", delimiter)
        .replace(f"Great{delimiter}", "Great,")
    )
    table = read(tmp_path, text)
    assert table.users.tolist() == ["a", "b", "c", "d", 'e "f"']
    assert table.items.tolist() == ["x", "y", "x", "y", 'y"']


def test_a_tab_within_quotes_is_refused_between_tabs(tmp_path: Path) -> None:
    text = (HEADER + "a,x,1,2\n").replace(",", "\t") + '"b\tc"\tx\t3\t4\n'
    assert "line 3: found 5 fields instead of 4" in (said := refusal(tmp_path, text))
    assert "a quote is a character" in said


IDS = {
    "a zero before": (["007", "7", "8"], ["007", "7", "8"]),
    "a plus": (["+49", "49", "8"], ["+49", "49", "8"]),
    "minus zero": (["-0", "0", "8"], ["-0", "0", "8"]),
    "an exponent": (["12e3", "12000", "8"], ["12e3", "12000", "8"]),
    "a fraction": (["7.0", "7", "8"], ["7.0", "7", "8"]),
    "hexadecimal": (["0x1F", "31", "8"], ["0x1F", "31", "8"]),
    "words for truth": (["True", "1", "8"], ["True", "1", "8"]),
    "a word for nothing": (["nan", "null", "8"], ["nan", "null", "8"]),
    "beyond 64 bits": ([str(2**63), "1", "8"], [str(2**63), "1", "8"]),
    "64 bits": ([str(2**63 - 1), str(-(2**63)), "0"], [2**63 - 1, -(2**63), 0]),
    "other digits": (["٣", "3", "8"], ["٣", "3", "8"]),
    "spaces": ([" 7", "7 ", " 8 "], [7, 7, 8]),
    "spaces around text": (["bob", " bob", "bob "], ["bob", "bob", "bob"]),
    "64 bits late": (["5", "-3", "2147483648", "-9223372036854775808"], [5, -3, 2**31, -(2**63)]),
    "text late": (["-5", "5", "x"], ["-5", "5", "x"]),
}


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("case", IDS)
def test_an_id_is_an_integer_only_where_its_text_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, size: int
) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    texts, ids = IDS[case]
    lines = [f"{text},{text},3,{time}\n" for time, text in enumerate([*texts, texts[0]])]
    table = read(tmp_path, HEADER + "".join(lines) + "\n", scale=(1, 5))
    assert table.users.tolist() == table.items.tolist() == [*ids, ids[0]]


def test_integers_are_int64_whatever_their_size(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + "7,4294967296,3,4\n", scale=(1, 5))
    assert {column.dtype.name for column in (table.users, table.items, table.timestamps)} == {"int64"}


def test_ids_as_text_when_asked_for(tmp_path: Path) -> None:
    table = read(tmp_path, HEADER + "7,8,3,4\n 7 ,9,3,5\n", ids="text", scale=(1, 5))
    assert (table.users.tolist(), table.items.tolist()) == (["7", "7"], ["8", "9"])


@pytest.mark.parametrize("text", ["007\t1\t3\t4\n", "+7\t1\t3\t4\n", "7.0\t1\t3\t4\n"])
def test_ids_that_are_integers_by_their_format_are_nothing_else(tmp_path: Path, text: str) -> None:
    assert "not an integer of 64 bits; MovieLens' ids are integers" in refusal(tmp_path, text, None)


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("u1,std::vector,5,14", ("u1", "std::vector")),
        ("u1::a,b::5::14", ("u1", "a,b")),
        ("u1;a,b|c;5;14", ("u1", "a,b|c")),
        ("u1|a,b,c,d|5|14", ("u1", "a,b,c,d")),
        ("ann lee\titem 3\t5\t14", ("ann lee", "item 3")),
        ("u1,a b c d,5,14", ("u1", "a b c d")),
        ("  u1  a \t 5   14  ", ("u1", "a")),
        ("u1,a;b;c;d;e,5,14", ("u1", "a;b;c;d;e")),
        ("u1 , a , 5 , 14", ("u1", "a")),
    ],
)
def test_the_delimiter_is_the_one_by_which_lines_are_ratings(tmp_path: Path, line: str, ids: tuple[str, str]) -> None:
    table = read(tmp_path, f"{line}\n{line.replace('5', '4')}\n", COUNTED)
    assert (table.users[0], table.items[0], table.ratings[0], table.timestamps[0]) == (*ids, 5, 14)


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "::", " "])
def test_a_decimal_comma(tmp_path: Path, delimiter: str) -> None:
    text = "user_item_rating_time\n1_11_3,5_14\n1_12_4_15\n1_13_2.5_16\n".replace("_", delimiter)
    assert read(tmp_path, text).ratings.tolist() == [3.5, 4, 2.5]


def test_a_decimal_comma_in_quotes_between_commas(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER + '1,2,3,4\n1,3,"3,5",5\n').ratings.tolist() == [3, 3.5]
    assert read(tmp_path, '1,2,"3,5",4\n1,3,4,5\n', COUNTED).ratings.tolist() == [3.5, 4]


def test_a_comma_that_may_part_thousands_is_refused(tmp_path: Path) -> None:
    text = "user;item;rating;time\n1;2;0,500;4\n1;3;13,883;5\n"
    assert "line 3: the rating is '13,883', which may be 13883 or 13.883" in refusal(tmp_path, text)


@pytest.mark.parametrize("before", ["\n", "\ufeff", "\ufeff\n\r\n", "% bip weighted\n% 3 4 5\n", "# made\n\n  \n"])
def test_blank_lines_and_comments_before_the_header(tmp_path: Path, before: str) -> None:
    assert len(read(tmp_path, before + HEADER + "1,2,3,4\n1,2,4,5\n")) == 2
    table = read(tmp_path, before + "1 2 3 4\n1 2 4 x\n".replace("x", "5"), COUNTED)
    assert table.ratings.tolist() == [3, 4]
    lines = before.count("\n")
    assert f"line {lines + 2}: the rating is 'no'" in refusal(tmp_path, before + HEADER + "1,2,no,4\n")


def test_a_percent_sign_later_is_no_comment(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER + "a,b,3,4\n%,#,4,5\n").items.tolist() == ["b", "#"]


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_lines_of_bare_separators_are_blank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    blank = ',,,\n,,,,,\n , ,,\n\n   \n"","",,\n,\n'
    assert read(tmp_path, HEADER + "1,2,3,4\n" + blank + "5,6,4,5\n" + blank * 9).users.tolist() == [1, 5]
    assert "line 10: the user is empty" in refusal(tmp_path, HEADER + "1,2,3,4\n" + blank + ",6,4,5\n")


def test_a_line_with_a_note_but_no_rating_is_no_blank_one(tmp_path: Path) -> None:
    text = "user,item,rating,time,note\n1,2,3,4,\n,,,,see above\n"
    assert "line 3: the rating is ''" in refusal(tmp_path, text)


def test_a_header_where_positions_are_given(tmp_path: Path) -> None:
    said = refusal(tmp_path, HEADER + "1,2,3,4\n", COUNTED)
    assert "line 1: looks like a header ('user, item, rating, time'); name the columns" in said


@pytest.mark.parametrize("mark", ["#", "# ", "%", "\ufeff  ## "])
@pytest.mark.parametrize("delimiter", [",", "\t", " "])
def test_a_comment_that_names_the_columns_is_the_header(tmp_path: Path, delimiter: str, mark: str) -> None:
    text = f"{mark}time,item,user,rating\n \n1400000000,tent,ann,3\n\n1400000001,tent,#bob,4\n"
    text = text.replace(",", delimiter)
    table = read(tmp_path, text)
    assert table.users.tolist() == ["ann", "#bob"]
    assert table.ratings.tolist() == [3, 4]
    assert "line 5: the rating is 'no'" in refusal(tmp_path, text.replace("bob" + delimiter + "4", f"bob{delimiter}no"))


def test_a_comment_before_a_header_is_a_comment(tmp_path: Path) -> None:
    assert read(tmp_path, f"#{HEADER}{HEADER}ann,tent,3,1400000000\n", scale=(1, 5)).users.tolist() == ["ann"]
    assert "no column 'user'" in refusal(tmp_path, "#who,item,rating,time\nann,tent,3,1400000000\n")


@pytest.mark.parametrize("mark", ["#", "%"])
def test_a_comment_that_reads_as_a_rating_is_refused(tmp_path: Path, mark: str) -> None:
    text = f"\n{mark}ann,heat,5,1400000000\nbob,heat,4,1400000001\n"
    assert "line 2: begins with # or %, as a comment does, and reads as a rating" in refusal(tmp_path, text, COUNTED)
    quoted = text.replace(f"{mark}ann", f'"{mark}ann"')
    assert read(tmp_path, quoted, COUNTED).users.tolist() == [f"{mark}ann", "bob"]
    assert "but comments" in refusal(tmp_path, f"{mark}1,heat,5\n{mark}2,heat,4\n", Columns(0, 1, 2))


@pytest.mark.parametrize("comment", ["% 100000 943 1682", "#user item rating", "#,,", "#1 2", "# made on 2014-05-01"])
def test_a_comment_that_is_no_rating_is_left_out(tmp_path: Path, comment: str) -> None:
    assert (
        len(read(tmp_path, f"% bip weighted\n{comment}\n1 1 5\n", Columns(0, 1, 2), time_format=None, scale=(1, 5)))
        == 1
    )


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_header_of_column_numbers_is_no_rating(tmp_path: Path, delimiter: str) -> None:
    plain = "0,1,2,3\n7,8,5,1400000000\n9,8,4,1400000001\n"
    indexed = ",0,1,2,3\n0,7,8,5,1400000000\n1,9,8,4,1400000001\n"
    for text, columns in [(plain, COUNTED), ("\n" + indexed, Columns(1, 2, 3, 4))]:
        text = text.replace(",", delimiter)
        said = refusal(tmp_path, text, columns)
        assert f"line {1 + text.startswith(chr(10))}: looks like a header of column numbers" in said
        assert len(read(tmp_path, text.partition("3\n")[2], columns)) == 2
    assert "write 2.0 for 2" in refusal(tmp_path, plain, COUNTED)
    assert len(read(tmp_path, plain.replace("2,3", "2.0,3"), COUNTED)) == 3


def test_a_rating_that_counts_is_one_without_times(tmp_path: Path) -> None:
    assert len(read(tmp_path, "0,1,2\n7,8,5\n", Columns(0, 1, 2), time_format=None)) == 2


@pytest.mark.parametrize("delimiter", [",", "\t", " "])
def test_a_name_that_two_columns_have_is_refused_where_it_is_asked_for(tmp_path: Path, delimiter: str) -> None:
    text = "user,item,user,rating,time\nann,tent,bob,3,1400000000\neve,tent,bob,4,1400000001\n"
    said = refusal(tmp_path, text.replace(",", delimiter))
    assert "line 1: 2 columns are called 'user'; rename all but the one" in said
    other = text.replace("user,item,user", "x,item,x").replace("rating", "user,rating").replace(",3", ",a,3")
    other = other.replace(",4", ",b,4").replace(",", delimiter)
    assert read(tmp_path, other).users.tolist() == ["a", "b"]


def test_lines_that_end_in_carriage_returns_alone(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER.replace("\n", "\r") + "1,2,3,4\r1,3,4,5\r").items.tolist() == [2, 3]
    assert "line 3: the rating" in refusal(tmp_path, HEADER.replace("\n", "\r") + "1,2,3,4\r1,3,x,5\r")


def test_without_times_the_order_of_the_file_is_kept_and_noted(tmp_path: Path) -> None:
    columns = Columns.parse("user,item,rating")
    table = read(tmp_path, "item,rating,user\n11,7,2\n11,4,1\n12,9,3\n", columns)
    assert (table.users.tolist(), table.timestamps.tolist()) == ([2, 1, 3], [0, 1, 2])
    assert table.is_file_order
    assert table[1:].is_file_order
    assert "no time column: the order of its lines stands for time" in table.notes[0]
    assert read(tmp_path, HEADER + "1,2,3,4\n1,2,4,5\n").notes == []


def test_ratings_that_are_none_are_left_out_and_counted(tmp_path: Path) -> None:
    text = HEADER + "1,a,-1,4\n2,b,0,5\n3,c,,6\n4,d,NaN,7\n5,e,3,8\n6,f,4,9\n"
    table = read(tmp_path, text, scale=(1, 5), drop_ratings=(-1, 0, math.nan))
    assert (table.users.tolist(), table.left_out) == ([5, 6], 4)
    assert table.dataset.scale == (1, 5)
    assert "4 ratings of a were left out" in table.notes[0]
    assert read(tmp_path, text, drop_ratings=(0, math.nan)).dataset.scale == (-1, 4)
    assert "line 2: the rating -1 is outside the scale 1 to 5" in refusal(tmp_path, text, scale=(1, 5))
    assert "line 4: the rating is '', not a finite number" in refusal(tmp_path, text)
    assert "all 2 were left out" in refusal(tmp_path, HEADER + "1,a,0,x\n1,b,0,y\n", drop_ratings=(0,))


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_ratings_without_the_same_rows_are_of_one_source_and_without_others_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """The rows that stay have other numbers, by which a replay resumes."""
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    text = HEADER + "1,a,-1,4\n2,b,0,5\n3,c,5,6\n4,d,4,7\n"
    sources = [read(tmp_path, text, drop_ratings=values).dataset.source for values in ((), (3,), (0,), (0, 3), (-1, 0))]
    assert sources[0] == sources[1] == f"a-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    assert sources[2] == sources[3]
    assert len(set(sources)) == 3
    monkeypatch.undo()
    assert read(tmp_path, text, drop_ratings=(0,)).dataset.source == sources[2]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_encodings_by_their_mark(tmp_path: Path, encoding: str) -> None:
    path, text = tmp_path / "a.csv", HEADER + "Zoë,2,3,4\n" + "bob,😀,4,5\n" * 50_000
    mark = "\ufeff" if encoding.endswith("e") else ""
    path.write_bytes((mark + text).encode(encoding))
    table = read_ratings(path, NAMED, time_format="s")
    assert (len(table), table.users[0], table.items[-1]) == (50_001, "Zoë", "😀")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (HEADER.encode("utf-16-le"), "holds zero bytes"),
        (HEADER.encode("utf-16")[:-1], "not text in utf-16"),
        (HEADER.encode() + b"a,b,3,4\nZo\xeb,b,4,5\n", "line 3: not text in UTF-8"),
    ],
)
def test_other_encodings_are_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=reason):
        read_ratings(path, NAMED)


def test_a_column_that_is_not_wanted_may_be_in_any_encoding(tmp_path: Path) -> None:
    assert len(read(tmp_path, "user,item,rating,time,x\na,b,3,4,\udceb\na,c,4,5,y\n")) == 2


@pytest.mark.parametrize("between", [",", "\t", ";"])
def test_a_blank_line_among_text_in_another_encoding_is_left_out(tmp_path: Path, between: str) -> None:
    text = HEADER.replace("time", "time,x") + "a,b,3,1400000000,\udceb\n   \na,c,4,1400000001,y\n"
    assert read(tmp_path, text.replace(",", between)).items.tolist() == ["b", "c"]
    assert "line 4: not text in UTF-8" in refusal(tmp_path, text.replace(",c,", ",\udceb,").replace(",", between))


@pytest.mark.parametrize("blank", ['""\t""\t""\t""', '" "\t""\t\t'])
def test_a_line_of_empty_quotes_between_tabs_is_blank(tmp_path: Path, blank: str) -> None:
    text = f'user\titem\trating\ttime\n"a"\t"b"\t3\t1400000000\n{blank}\na\tc\t4\t1400000001\n'
    assert read(tmp_path, text).items.tolist() == ["b", "c"]


def test_a_long_field_is_read_and_an_endless_line_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = '"' + "long, \n" * 60_000 + '"'
    assert len(read(tmp_path, f"user,item,rating,time,x\na,b,3,4,{review}\na,c,4,5,y\n")) == 2
    monkeypatch.setattr(splitting, "RECORD_BYTES", 100_000)
    monkeypatch.setattr(splitting, "BLOCK_BYTES", 10_000)
    assert "line 3: longer than" in refusal(tmp_path, HEADER + "1,2,3,4\n" + "5" * 1_000_000)
    assert "line 3: a quoted field is not closed" in refusal(tmp_path, HEADER + '1,2,3,4\n"' + "5\n" * 1_000_000)


def test_copies_of_ml_100k_with_blanks(tmp_path: Path) -> None:
    table = read(tmp_path, "196 242 3 881250949\n186  302\t3 891717742\n", None)
    assert (table.users.tolist(), table.dataset.scale) == ([196, 186], (1, 5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ratings_are_as_narrow_as_they_can_be(tmp_path: Path, dtype: type) -> None:
    value = "2.5" if dtype is np.float32 else "2.6"
    assert read(tmp_path, HEADER + f"1,2,{value},4\n1,2,4,5\n").ratings.dtype == dtype


def test_an_id_that_is_too_long_is_refused_with_its_line(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER + "b" * 255 + ",x,3,4\na,x,4,5\n").users.tolist() == ["b" * 255, "a"]
    said = refusal(tmp_path, HEADER + "a,x,3,4\n" + "b" * 256 + ",x,4,5\n")
    assert "line 3: the user is longer than 255 characters" in said
