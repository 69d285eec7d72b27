"""ONNX: a program as the bytes of an .onnx file."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx_ir
import onnxscript
import torch
from torch import nn

from churn.models.programs import Trees
from churn.models.sequence import one_thread

op: Any = onnxscript.opset20
INPUT, OUTPUT = "history", "p"
_EXAMPLES = 3  # histories from which the program is traced: more than one, so that none counts as the number for ever


def to_onnx(program: nn.Module, *, days: int, features: int) -> bytes:
    """A program as ONNX: its input `history` is (n, days, features) in single precision, its output `p` (n,) in double.

    Args:
        program: What `Classifier.program` gave, alone or with a calibration behind it.
        days: The days of a history.
        features: The columns of a day.
    """
    trees = [part for part in program.modules() if isinstance(part, Trees)]
    for place, part in enumerate(trees):
        part.place = place
    with _quiet(), one_thread():
        examples, shapes = (torch.zeros(_EXAMPLES, days, features),), ({0: torch.export.Dim("n")},)
        traced = torch.export.export(program.eval(), examples, dynamic_shapes=shapes, strict=False)
        found = torch.onnx.export(
            traced,
            verbose=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            custom_translation_table=_WRITTEN,
        )
    assert found is not None  # as it is where a file is to be written
    for node in found.model.graph:
        if node.op_type == "TreeEnsemble":
            _complete(node, trees[node.attributes.pop("place").as_int()])
    content: bytes = found.model_proto.SerializeToString()
    return content


def _complete(node: onnx_ir.Node, trees: Trees) -> None:
    """Give a node the trees, whose attributes are tensors, which torch cannot pass on."""
    for name, value in trees.attributes.items():
        if isinstance(value, np.ndarray):
            node.attributes[name] = onnx_ir.AttrTensor(name, onnx_ir.tensor(value))
        else:
            node.attributes[name] = onnx_ir.AttrInt64s(name, value)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter, which tells of packages and gradients that it does not need."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


# Operators of torch that have no translation ------------------------------------------------------------


def _cumprod(x: Any, dim: int, dtype: int | None = None) -> Any:
    """The running products, one day after the other."""
    found, n = list[Any](), x.shape[dim]
    for day in op.Split(x, axis=dim, num_outputs=n) if n > 1 else [x]:
        found.append(op.Mul(found[-1], day) if found else day)
    return op.Concat(*found, axis=dim)


def _searchsorted(
    edges: Any,
    values: Any,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Any:
    """The number of edges below values, or up to these, by halving: rows (f, e) and (f, m) to (f, m)."""
    n, none = edges.shape[-1], op.CastLike(op.Constant(value_float=0.0), values)
    found = op.Cast(op.Mul(values, none), to=onnx_ir.DataType.INT64.value)
    for bit in reversed(range(n.bit_length())):
        further = op.Add(found, op.Constant(value_int=1 << bit))
        last = op.Min(op.Sub(further, op.Constant(value_int=1)), op.Constant(value_int=n - 1))
        edge = op.GatherElements(edges, last, axis=1)
        below = op.LessOrEqual(edge, values) if right else op.Less(edge, values)
        within = op.LessOrEqual(further, op.Constant(value_int=n))
        found = op.Where(op.And(below, within), further, found)
    return found


_WRITTEN: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.ops.aten.cumprod.default: _cumprod,
    torch.ops.aten.searchsorted.Tensor: _searchsorted,
}
