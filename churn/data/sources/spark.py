"""Spark by Spark Connect, or another server that speaks its protocol: an engine in which counting happens in place.

ibis' backend is made for a session of one's own machine. Its gaps are filled here: temporary tables, rows that leave in
pieces, and expressions with the meaning that other engines give them.
"""

import logging
import math
from collections.abc import Iterator
from contextlib import suppress
from functools import reduce
from operator import add
from typing import Any
from warnings import catch_warnings

import ibis
import ibis.expr.operations as ops
import pyarrow as pa
from grpc import RpcError
from ibis.backends.pyspark import Backend
from ibis.backends.pyspark.datatypes import PySparkType
from ibis.common.exceptions import TableNotFound
from ibis.formats.pandas import PandasData
from ibis.formats.pyarrow import PyArrowData
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql.connect.client import DefaultChannelBuilder
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from churn.data.sources.spark_sql import SparkCompiler

_PIECE = 1_000_000  # rows that leave at a time; a server may refuse to send 1 GB of one query (maxResultSize)
_SAMPLE = 10_000  # values by which ranges are found
_FIRST_TRIES, _TRIES = 3, 6  # again after .05, .2, .8, 3.2, 12.8 and 51.2 s; by itself Spark's client tries 10 minutes

_xxhash64 = ibis.udf.scalar.builtin(lambda value: None, name="xxhash64", signature=(("string",), "int64"))


class Spark(Backend):  # type: ignore[misc]  # of a package without types
    """A session of a Spark Connect server."""

    compiler = SparkCompiler()

    @property
    def version(self) -> str:
        """The version that the server tells, of the Spark that it is or stands for."""
        return str(self._session.version)

    def table(self, name: str, /, *, database: Any = None) -> ibis.Table:
        """A table by its name, or Parquet at a path that the cluster reads."""
        if "/" not in name:
            return super().table(name, database=database)
        view = ibis.util.gen_name("churn")
        self._session.read.parquet(name).createOrReplaceTempView(view)
        if not (found := super().table(view)).columns:  # as Sail tells of a path that is not there
            raise TableNotFound(name)
        return found

    def get_schema(self, table_name: str, *, catalog: str | None = None, database: str | None = None) -> ibis.Schema:
        """The schema of a table, in one question to the server."""
        parts = (part.replace("`", "``") for part in (catalog, database, table_name) if part)
        name = ".".join(f"`{part}`" for part in parts)
        try:
            return ibis.schema(dict(PySparkType.to_ibis(self._session.table(name).schema).fields))
        except AnalysisException as error:
            if "NOT_FOUND" in str(error):
                raise TableNotFound(table_name) from error
            raise

    def create_table(self, name: str, obj: Any = None, *, temp: bool | None = None, **others: Any) -> ibis.Table:
        """A table; a temporary one is kept by the executors, in memory and on disk, until the session ends."""
        if not temp:
            return super().create_table(name, obj, temp=temp, **others)
        if isinstance(obj, pa.Table):
            self._sent(obj).createOrReplaceTempView(name)
        else:
            self._cached_dataframes[name] = _whole(self._rows(obj), obj.schema()).persist()
            self._cached_dataframes[name].createOrReplaceTempView(name)
        return self.table(name)

    def numbered(self, table: ibis.Table, *, by: str, name: str) -> ibis.Table:
        """A table with the place of each row by a column without repeats, from 0 on, under a name.

        A window over all rows would be the work of one task, so beyond a million rows they are numbered within ranges
        of the column, after the rows of the ranges before.
        """
        rows = self.create_table(ibis.util.gen_name("churn"), table, temp=True)
        bounds = self._bounds(rows[by])
        if not bounds:
            return rows.mutate(**{name: ibis.row_number().over(order_by=rows[by])})
        part = reduce(add, ((rows[by] >= bound).ifelse(1, 0) for bound in bounds)).name("part")
        rows = self.create_table(ibis.util.gen_name("churn"), rows.mutate(part), temp=True)
        sizes = dict(rows.group_by("part").aggregate(n=rows.count()).order_by("part").execute().to_numpy())
        before = {int(part): sum(int(n) for other, n in sizes.items() if other < part) for part in sizes}
        place = ibis.row_number().over(group_by="part", order_by=rows[by])
        return rows.mutate(**{name: place + rows.part.cases(*before.items())}).drop("part")

    def _bounds(self, column: ibis.Value) -> list[Any]:
        """Values that part a column without repeats into ranges of up to about half a million; none if one will do."""
        rows = column.as_table()
        parts, share = (int(rows.count().execute()) // piece for piece in (_PIECE // 2, _SAMPLE))
        if parts < 3:
            return []
        drawn = rows.filter(_xxhash64(column.cast("string")) % share == 0).order_by(column).to_pyarrow()[0].to_pylist()
        return [drawn[len(drawn) * part // parts] for part in range(1, parts)]

    def checksum(self, table: ibis.Table) -> str:
        """A number that changes with any row of a table, and with no order of rows; nested values are left out."""
        plain = [f"`{name}`" for name, kind in table.schema().items() if not (kind.is_nested() or kind.is_json())]
        hashed = f"sum(CAST(xxhash64({', '.join(plain)}) AS DECIMAL(20, 0)))"
        return "-".join(str(value) for value in self._rows(table).selectExpr("count(*)", hashed).first())

    def execute(self, expr: Any, /, **options: Any) -> Any:
        """The values of an expression as pandas' other engines have them."""
        table = expr.as_table()
        frame = self.to_pyarrow(table, **options).to_pandas()
        return expr.__pandas_result__(PandasData.convert_table(frame, table.schema()))

    def to_pyarrow(self, expr: Any, /, **_: Any) -> Any:
        """The values of an expression at once."""
        table = expr.as_table()
        found = self._rows(table).toArrow()
        return expr.__pyarrow_result__(_as(found, table.schema()))

    def to_pyarrow_batches(self, expr: Any, /, *, chunk_size: int = _PIECE, **_: Any) -> pa.ipc.RecordBatchReader:
        """The rows piece by piece, so that neither this process nor the server's driver holds more than one.

        A row's piece follows from its values alone, without floats, whose sums may differ when they are computed
        again: so each row is in one piece even if executors are lost meanwhile. Where the rows have an order, a piece
        is a range of whole numbers of the first column of that.
        """
        table = expr.as_table()
        schema = table.schema()
        return pa.ipc.RecordBatchReader.from_batches(schema.to_pyarrow(), self._batches(table, schema, chunk_size))

    def disconnect(self) -> None:
        """End the session, and give back what executors keep; of a server that is gone there is nothing to end."""
        self._session.client.set_retry_policies([])
        with suppress(PySparkException, RpcError), catch_warnings(action="ignore"):
            for rows in self._cached_dataframes.values():
                rows.unpersist()
            self._session.stop()

    def _batches(self, table: ibis.Table, schema: ibis.Schema, chunk_size: int) -> Iterator[pa.RecordBatch]:
        rows = self._rows(table).persist()
        try:
            for piece in _pieces(table, rows):
                yield from _as(piece.toArrow(), schema).to_batches(max_chunksize=chunk_size)
        finally:
            rows.unpersist()

    def _rows(self, table: ibis.Table) -> Any:
        """A table as Spark's data frame, which nothing is asked of yet."""
        self._run_pre_execute_hooks(table)
        return self._session.sql(self.compile(table))

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        self._sent(op.data.to_pyarrow(op.schema)).createOrReplaceTempView(op.name)

    def _sent(self, table: pa.Table) -> Any:
        return self._session.createDataFrame(table, None if len(table) else from_arrow_schema(table.schema))


def connected_spark(url: str) -> Spark:
    """A session of the server at a URL such as sc://host:15002 or sc://host:443/;use_ssl=true;token=SECRET.

    Raises:
        ConnectionError: if nobody answers there.
    """
    for name in ("SQLQueryContextLogger", "pyspark.sql.connect.logging"):  # which tell of errors over a hundred lines
        logging.getLogger(name).setLevel(logging.CRITICAL)
    session = SparkSession.builder.channelBuilder(DefaultChannelBuilder(url)).create()
    session.client.set_retry_policies([DefaultPolicy(max_retries=_FIRST_TRIES)])
    Spark.register_options()
    engine = Spark()
    try:
        engine.do_connect(session)
    except Exception as error:  # of gRPC, which tells the cause on its second line or further down
        raise ConnectionError(_cause(error)) from error
    session.client.set_retry_policies([DefaultPolicy(max_retries=_TRIES)])
    return engine


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    details = getattr(error, "details", None)
    return str(details() if callable(details) else error)


def _pieces(table: ibis.Table, rows: Any) -> Iterator[Any]:
    """Data frames that have all rows of one, in its order where the table has one."""
    pieces = math.ceil(rows.count() / _PIECE)
    order = [key.arg.name for key in table.op().keys] if isinstance(table.op(), ops.Sort) else []
    exact = [f"`{name}`" for name, kind in table.schema().items() if not kind.is_floating()]
    if pieces < 2 or (order and not table[order[0]].type().is_integer()):
        yield rows
    elif order:
        first, last = rows.selectExpr(f"min(`{order[0]}`)", f"max(`{order[0]}`)").first()
        width = math.ceil((last - first + 1) / pieces)
        for begin in range(first, last + 1, width):
            yield rows.filter(f"`{order[0]}` >= {begin} AND `{order[0]}` < {begin + width}").orderBy(*order)
    else:
        for piece in range(pieces):
            yield rows.filter(f"pmod(xxhash64({', '.join(exact)}), {pieces}) = {piece}")


def _whole(rows: Any, wanted: ibis.Schema) -> Any:
    """A data frame whose whole numbers have the types that ibis gives them; Spark takes 31 for an int32."""
    found = PySparkType.to_ibis(rows.schema).fields
    wholes = {name: kind.copy(nullable=True) for name, kind in wanted.items() if kind.is_integer()}
    typed = {n: rows[n].cast(PySparkType.from_ibis(k)) for n, k in wholes.items() if found[n].copy(nullable=True) != k}
    return rows.withColumns(typed) if typed else rows


def _as(found: pa.Table, schema: ibis.Schema) -> pa.Table:
    """Spark's columns in the types that ibis expects; its moments are in UTC."""
    return PyArrowData.convert_table(found, schema)
