import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from churn.data.encoders.pictures import WIDTH, described, opener


def drawn(colour, size=(60, 80), form="JPEG"):
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, form)
    return content.getvalue()


def test_colours_and_edges_differ_and_do_not_depend_on_the_size():
    red, blue = (described(Image.new("RGB", (60, 80), colour)) for colour in ("red", "blue"))
    assert red.shape == (WIDTH,)
    assert np.abs(red - blue).max() == pytest.approx(1, abs=0.01)
    assert described(Image.new("RGB", (6, 8), "red")) == pytest.approx(red, abs=0.01)
    upright, lying = (np.zeros((80, 60, 3), np.uint8) for _ in range(2))
    upright[:, 30:], lying[40:] = 255, 255
    edges = [described(Image.fromarray(one))[-128:].reshape(16, 8).sum(axis=0).argmax() for one in (upright, lying)]
    assert edges == [0, 4]  # right of an edge, and across it


def test_parts_of_one_file_and_broken_ones(tmp_path):
    good, cut = drawn("red"), drawn("blue")[:200]
    (tmp_path / "all.bin").write_bytes(good + cut + b"not a picture")
    members = pd.DataFrame(
        {
            "photo_offset": [0, len(good), len(good) + len(cut), None, 10**12, -5],
            "photo_size": [len(good), len(cut), 13, 5, 10, 3],
        }
    )
    found = opener(members, name="photo", place=str(tmp_path / "all.bin"))
    assert found.named.tolist() == [True, True, True, False, True, True]
    opened = [found.open(user) for user in range(6)]
    assert opened[0] is not None and opened[0].size == (60, 80)
    assert opened[1:] == [None] * 5


def test_files_of_a_folder_and_names_of_none(tmp_path):
    (tmp_path / "a.png").write_bytes(drawn("green", form="PNG"))
    members = pd.DataFrame({"photo": ["a.png", "b.png", " ", None]})
    found = opener(members, name="photo", place=str(tmp_path))
    assert found.named.tolist() == [True, True, False, False]
    assert found.open(0) is not None
    assert found.open(1) is None
    assert found.digest(0) is not None
    assert [found.digest(user) for user in (1, 2, 3)] == [None] * 3


def test_a_picture_of_far_too_many_pixels_is_none(tmp_path):
    content = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(content, "PNG")
    (tmp_path / "huge.png").write_bytes(content.getvalue())
    assert opener(pd.DataFrame({"photo": ["huge.png"]}), name="photo", place=str(tmp_path)).open(0) is None


def test_places_that_do_not_exist_are_one_line(tmp_path, refused):
    with refused("pictures at data.attributes.photo.from", "nothing at", "correct the path"):
        opener(pd.DataFrame({"photo": ["a"]}), name="photo", place=str(tmp_path / "nowhere"))
    (tmp_path / "all.bin").write_bytes(b"")
    with refused("the column photo_offset", "no such column", "add it"):
        opener(pd.DataFrame({"photo": ["a"]}), name="photo", place=str(tmp_path / "all.bin"))
    with refused("the column photo", "no such column", "add it"):
        opener(pd.DataFrame({"photo_offset": [1]}), name="photo", place=str(tmp_path))
