"""Uploads: pictures that somebody sends, refused by their size before they are decoded, and written again."""

import base64
import binascii
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from churn.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_MOST_PIXELS = 20_000_000  # 60 MB while it is decoded
_EXPECTED = f"expected a picture as {', '.join(FORMATS)} of at most {_MOST_PIXELS // 1_000_000} million pixels"


def as_file(sent: object, path: Path) -> str | None:
    """The name of a file with the pixels of a picture alone; None where none was sent.

    Args:
        sent: The base64 of a picture's file, or the bytes; None or nothing for no picture.
        path: The PNG to write.

    Raises:
        UserError: for anything that is no picture, or a very large one.
    """
    content = _bytes(sent)
    if not content:
        return None
    picture(content).save(path, "PNG", compress_level=1)
    return path.name


def picture(content: bytes) -> "Image":
    """A picture as its pixels in red, green and blue, without what else its file held.

    Its format and size are read, and refused, before any pixel is decoded.

    Raises:
        UserError: for anything that is no picture, or a very large one.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if (pixels := opened.width * opened.height) > _MOST_PIXELS:
                    raise UserError(_EXPECTED, f"{pixels:,} pixels", "send a smaller one")
                return opened.convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError(_EXPECTED, "very many pixels", "send a smaller one") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise UserError(_EXPECTED, "a file that is none, or broken", "send another file") from error


def _bytes(sent: object) -> bytes:
    if sent is None or isinstance(sent, bytes):
        return sent or b""
    try:
        return base64.b64decode(str(sent), validate=True)
    except binascii.Error as error:
        raise UserError("expected the base64 of a picture's file", error, "encode the file's bytes") from error
