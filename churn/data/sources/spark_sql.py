"""Spark's SQL with the meanings that other engines give to ibis' expressions."""

import math
import re
from typing import Any

import sqlglot.expressions as sge
from ibis.backends.sql.compilers.pyspark import PySparkCompiler


class SparkCompiler(PySparkCompiler):  # type: ignore[misc]  # of a package without types
    """The writer of expressions in Spark's SQL."""

    def visit_IsNull(self, op: Any, *, arg: Any) -> Any:  # noqa: N802 - ibis' names
        """Null alone; ibis counts NaN, too."""
        return arg.is_(sge.null())

    def visit_NotNull(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        """All but null; ibis leaves out NaN, too."""
        return arg.is_(sge.not_(sge.null()))

    def visit_IsInf(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        """Either infinity; ibis compares its own expressions, and finds none."""
        return self.f.abs(arg).eq(self.POS_INF)

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:  # noqa: N802
        """A float as one; by itself Spark reads 0.5 as a decimal number."""
        written = super().visit_NonNullLiteral(op, value=value, dtype=dtype)
        return self.cast(sge.convert(value), dtype) if dtype.is_floating() and math.isfinite(value) else written

    def visit_DateDelta(self, op: Any, *, left: Any, right: Any, part: Any) -> Any:  # noqa: N802
        """Days between dates; ibis makes them moments first."""
        if op.part.value != "day":
            return super().visit_DateDelta(op, left=left, right=right, part=part)
        return self.cast(self.f.anon.datediff(left, right), op.dtype)

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:  # noqa: N802
        r"""The groups of a pattern as Java writes them, $1 in place of \1."""
        written = sge.convert(re.sub(r"\\(\d)", r"$\1", replacement.this))
        return super().visit_RegexReplace(op, arg=arg, pattern=pattern, replacement=written)
