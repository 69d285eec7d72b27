"""Programs: models as torch modules that ONNX can hold, of which each kind of model is made."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from churn.data import Windows
from churn.statistics import CLIP

_LEAF = "leaf_value"


def double(value: ArrayLike) -> Tensor:
    """A constant in double precision; as a plain number of Python the exporter would round it to a single one."""
    return torch.as_tensor(value, dtype=torch.float64)


def logit(p: Tensor, edge: Tensor) -> Tensor:
    """The logits of chances, which are kept from 0 and 1 by an edge."""
    inside = torch.minimum(torch.maximum(p, edge), 1 - edge)
    return torch.log(inside / (1 - inside))


class Chance(nn.Module):
    """A network's chances, (n, d, f) to (n,)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, history: Tensor) -> Tensor:
        """The sigmoid of the logits."""
        return torch.sigmoid(self.network(history)).double()


class Flat(nn.Module):
    """The columns of `Windows.flat`, (n, d, f) to (n, c)."""

    def __init__(self, windows: Windows) -> None:
        super().__init__()
        self.days = windows.history_days
        self.by_day, self.once = (np.flatnonzero(mask).tolist() for mask in (~windows.constant, windows.constant))

    def forward(self, history: Tensor) -> Tensor:
        """A column per feature and day, then one per constant."""
        by_day = [history[:, -self.days :, self.by_day].flatten(1)] if self.by_day else []
        return torch.cat([*by_day, *([history[:, -1, self.once]] if self.once else [])], dim=1)


class Coded(nn.Module):
    """The columns of `Windows.coded`, (n, d, f) to (n, c)."""

    def __init__(self, windows: Windows) -> None:
        super().__init__()
        self.flat, (self.kept, self.levels) = Flat(windows), windows.coding

    def forward(self, history: Tensor) -> Tensor:
        """The columns that stay, then a code for each attribute with levels."""
        columns = self.flat(history)
        codes = [_code(columns[:, at]) for at in self.levels]
        return torch.cat([columns[:, self.kept], *codes], dim=1)


def _code(levels: Tensor) -> Tensor:
    """1 for the first level, 0 for none, (n, levels) of zeros and ones to (n, 1)."""
    return (levels * torch.arange(1, levels.shape[1] + 1)).sum(dim=1, keepdim=True)


class Plane(nn.Module):
    """A logistic regression on the logarithms of the columns of `Windows.flat`, in double precision."""

    def __init__(self, windows: Windows, *, mean: ArrayLike, weight: ArrayLike, intercept: float) -> None:
        super().__init__()
        self.flat = Flat(windows)
        self.mean, self.weight, self.intercept = (double(one) for one in (mean, weight, intercept))

    def forward(self, history: Tensor) -> Tensor:
        """The chances, (n,)."""
        x = self.flat(history).double()
        logs = torch.log1p(x.abs()) * x.sign()
        return torch.sigmoid(((logs - self.mean) * self.weight).sum(dim=1) + self.intercept)


class Mean(nn.Module):
    """The mean of several programs, (n, d, f) to (n,)."""

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, history: Tensor) -> Tensor:
        """The chances, (n,)."""
        return torch.stack([member(history) for member in self.members]).mean(dim=0)


class Blended(nn.Module):
    """The average of several programs' logits, by weights, (n, d, f) to (n,)."""

    def __init__(self, members: Iterable[nn.Module], weights: Sequence[float]) -> None:
        super().__init__()
        self.members, self.weights = nn.ModuleList(members), double(weights)

    def forward(self, history: Tensor) -> Tensor:
        """The chances, (n,)."""
        p = torch.stack([member(history) for member in self.members], dim=1)
        return torch.sigmoid((logit(p, double(CLIP)) * self.weights).sum(dim=1))


class Only(nn.Module):
    """A program that sees only some columns of a history."""

    def __init__(self, places: Sequence[int], program: nn.Module) -> None:
        super().__init__()
        self.places, self.program = list(places), program

    def forward(self, history: Tensor) -> Tensor:
        """The chances, (n,)."""
        found: Tensor = self.program(history[:, :, self.places])
        return found


class Trees(nn.Module):
    """LightGBM's trees as an operator of ONNX in double precision, which holds thresholds and sets of levels exactly.

    It computes in an ONNX runtime alone, torch having no such operator.

    Args:
        trees: The trees, as `lightgbm.Booster.dump_model` gives them in `tree_info`.
    """

    place = 0  # among the trees of an exported program

    def __init__(self, trees: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.attributes = tree_attributes([_split(tree["tree_structure"]) for tree in trees])

    def forward(self, columns: Tensor) -> Tensor:
        """The sum of the leaves, (n, c) to (n,)."""
        found = torch.onnx.ops.symbolic(
            "ai.onnx.ml::TreeEnsemble",
            (columns.double(),),
            {"place": self.place, "n_targets": 1},
            dtype=torch.float64,
            shape=(columns.shape[0], 1),
            version=5,
        )
        return found.squeeze(1)


def _split(root: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tree that is one leaf as a split with that leaf on both sides."""
    if "split_feature" in root:
        return root
    return {"split_feature": 0, "threshold": 0.0, "decision_type": "<=", "left_child": root, "right_child": root}


def tree_attributes(roots: Iterable[Mapping[str, Any]]) -> dict[str, list[int] | NDArray[Any]]:
    """The attributes of ONNX's TreeEnsemble by LightGBM's trees: lists, and arrays for attributes that are tensors.

    Columns are finite numbers, as of every window, so no branch for missing values is written.
    """
    nodes: list[Mapping[str, Any]] = []
    branches: dict[str, list[tuple[int, int]]] = {"left_child": [], "right_child": []}
    first, leaves = list[int](), list[float]()
    for root in roots:
        first.append(len(nodes))
        nodes.append(root)
        for node in (queue := [root]):  # grows while it is read
            for side, found in branches.items():
                child = node[side]
                if _LEAF in child:
                    found.append((len(leaves), 1))
                    leaves.append(child[_LEAF])
                else:
                    found.append((len(nodes), 0))
                    nodes.append(child)
                    queue.append(child)
    sets = [node["decision_type"] == "==" for node in nodes]
    told = [[*map(float, node["threshold"].split("||")), np.nan] for node, one in zip(nodes, sets, strict=True) if one]
    thresholds = [0.0 if one else node["threshold"] for node, one in zip(nodes, sets, strict=True)]
    (true, true_leaf), (false, false_leaf) = (zip(*found, strict=True) for found in branches.values())
    attributes: dict[str, list[int] | NDArray[Any]] = {
        "tree_roots": first,
        "nodes_featureids": [node["split_feature"] for node in nodes],
        "nodes_modes": np.where(sets, 6, 0).astype(np.uint8),  # of a set, or at most
        "nodes_splits": np.array(thresholds, np.float64),
        "nodes_truenodeids": list(true),
        "nodes_trueleafs": list(true_leaf),
        "nodes_falsenodeids": list(false),
        "nodes_falseleafs": list(false_leaf),
        "leaf_targetids": [0] * len(leaves),
        "leaf_weights": np.array(leaves, np.float64),
    }
    return attributes | ({"membership_values": np.concatenate(told)} if told else {})
