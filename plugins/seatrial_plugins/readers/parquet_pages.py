"""Parquet's pages: how large a column unpacks, page by page, before anything is unpacked.

A page begins with a header in Thrift's compact protocol (parquet.thrift, `PageHeader`). pyarrow tells what the footer says of
a whole column, and nothing of its pages; a file of a kilobyte can unpack to gigabytes, so the headers are read here first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["Page", "pages_of"]

_HEADERS = (1 << 12, 1 << 24)
"""Bytes of a header, mostly and at most: statistics in it hold the smallest and largest value."""
_DEEP = 8
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_DICTIONARY_PAGE = 2
_SIZE, _COMPRESSED = 2, 3
_DATA, _DICTIONARY, _DATA_V2 = 5, 7, 8
"""Fields of a page's header."""


class Page(NamedTuple):
    """One page of a column."""

    size: int
    """Bytes, unpacked."""
    packed: int
    """Bytes in the file."""
    values: int
    dictionary: bool
    """Whether it holds the values that other pages refer to."""


def pages_of(file: BinaryIO, column: pq.ColumnChunkMetaData) -> Iterator[Page]:
    """The pages of a column of one row group, in order, up to what is no page, which Arrow will not read either."""
    place = column.data_page_offset
    if column.has_dictionary_page and column.dictionary_page_offset is not None:
        place = min(place, column.dictionary_page_offset)
    values = 0
    while values < column.num_values:
        try:
            header = _header(file, place)
        except ValueError:
            return
        kind = header.fields.get(1, 0)
        size, packed = header.fields.get(_SIZE, -1), header.fields.get(_COMPRESSED, -1)
        held = next((header.within[field] for field in (_DATA, _DATA_V2, _DICTIONARY) if field in header.within), {})
        count = held.get(1, 0)
        if size < 0 or packed < 0 or count < 0 or header.end + packed <= 0:
            return
        yield Page(size, packed, count, kind == _DICTIONARY_PAGE)
        values += 0 if kind == _DICTIONARY_PAGE else count
        place += header.end + packed


def _header(file: BinaryIO, place: int) -> _Header:
    for size in _HEADERS:
        file.seek(place)
        data = file.read(size)
        try:
            return _Header(data)
        except IndexError:
            if len(data) < size:
                break
    raise ValueError("a page's header is cut off")


class _Header:
    """Whole numbers of a struct and of the structs in it, by field."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.end = 0
        """Bytes of the header."""
        self.within: dict[int, dict[int, int]] = {}
        self.fields = self._struct(0)

    def _struct(self, depth: int) -> dict[int, int]:
        if depth > _DEEP:
            raise ValueError("a page's header is nested too deeply")
        fields: dict[int, int] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            kind = head & 15
            if kind == _STRUCT:
                inner = self._struct(depth + 1)
                if not depth:
                    self.within[field] = inner
            elif kind in {_I16, _I32, _I64}:
                fields[field] = self._zigzag()
            else:
                self._skip(kind, depth)
        return fields

    def _skip(self, kind: int, depth: int) -> None:
        if kind in {_TRUE, _FALSE}:
            return
        if kind == _BYTE:
            self.end += 1
        elif kind == _DOUBLE:
            self.end += 8
        elif kind == _BINARY:
            length = self._varint()
            self.end += length
        elif kind in {_LIST, _SET}:
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._varint()
            for _ in range(count):
                self._item(head & 15, depth)
        elif kind == _MAP:
            count = self._varint()
            kinds = self._byte() if count else 0
            for _ in range(count):
                self._item(kinds >> 4, depth)
                self._item(kinds & 15, depth)
        else:
            raise ValueError("a page's header holds what none has")

    def _item(self, kind: int, depth: int) -> None:
        if kind == _STRUCT:
            self._struct(depth + 1)
        elif kind in {_I16, _I32, _I64}:
            self._zigzag()
        elif kind in {_TRUE, _FALSE}:
            self.end += 1
        else:
            self._skip(kind, depth)

    def _byte(self) -> int:
        self.end += 1
        return self._data[self.end - 1]

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number
            if shift > 63:
                raise ValueError("a number in a page's header is too long")

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
