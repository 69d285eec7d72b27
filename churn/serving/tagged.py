"""Tags of posted items, by a tagger that `churn tag` has kept."""

from pathlib import Path

import pandas as pd

from churn.disk import temporary_folder
from churn.errors import UserError
from churn.serving.bodies import Untagged, posted
from churn.serving.uploads import as_file
from churn.tagging import ItemConfig, Kept, read_items


def tags(folder: Path, body: bytes) -> pd.DataFrame:
    """The rows of posted items, as `items.parquet` has them; nothing is kept.

    Args:
        folder: A folder of `churn tag`.
        body: An `Untagged` as JSON.

    Raises:
        UserError: for anything else, pictures that are none, and items with nothing that the tagger reads.
    """
    sent, kept = posted(Untagged, body).items, Kept.load(folder)
    with temporary_folder() as scratch:
        (pictures := scratch / "pictures").mkdir()
        files = [as_file(one.picture, pictures / f"{place}.png") for place, one in enumerate(sent)]
        table = pd.DataFrame(
            {"item_id": range(len(sent)), "text": [one.text or None for one in sent], "picture": files}
        )
        table = table.astype({"text": object, "picture": object})
        config = ItemConfig("items", {"category": None}, pictures=str(pictures))
        items, counts = read_items(config, kept=scratch / "vectors", frames={"items": table})
        if lost := counts["items"]["read"] - counts["items"]["used"]:
            raise UserError("expected items with a text or a picture", f"{lost} without", "add it, or leave these out")
        return kept.tagged(items)
