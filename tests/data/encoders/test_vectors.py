import numpy as np
import pytest

from churn.data.encoders.chances import BLOCK
from churn.data.encoders.vectors import encoded

N, WIDTH, BLOCKS = 19 * BLOCK + 3, 4, 20


class Killed(BaseException):
    """What ends an encoding in the middle."""


def encoder(seen, *, dies_after=None):
    """Counts the blocks that it encodes."""

    def encode(places):
        if len(seen) == dies_after:
            raise Killed
        seen.append(places)
        return np.sin(places[:, None] * np.arange(1, WIDTH + 1))

    return encode


def test_an_encoding_that_was_killed_continues_and_ends_with_identical_bytes(tmp_path):
    whole = encoded(tmp_path / "whole", encoder([]), n=N, width=WIDTH, identity="a").table
    for moment in range(BLOCKS):
        folder, seen = tmp_path / f"killed {moment}", []
        with pytest.raises(Killed):
            encoded(folder, encoder([], dies_after=moment), n=N, width=WIDTH, identity="a")
        again = encoded(folder, encoder(seen), n=N, width=WIDTH, identity="a")
        assert len(seen) == BLOCKS - moment
        assert again.table.tobytes() == whole.tobytes()
        assert (folder / "vectors.npy").read_bytes() == (tmp_path / "whole" / "vectors.npy").read_bytes()


def test_vectors_of_other_values_or_of_another_encoder_are_made_anew(tmp_path):
    encoded(tmp_path, encoder([]), n=N, width=WIDTH, identity="a")
    for changed in ({"identity": "b"}, {"n": N - 1}, {"width": WIDTH - 1}):
        told = {"n": N, "width": WIDTH, "identity": "a"} | changed
        ones = np.ones((BLOCK, told["width"]))
        found = encoded(tmp_path, lambda places, ones=ones: ones[: len(places)], **told)
        assert found.table.shape == (told["n"], told["width"])
        assert (found.table == 1).all()


def test_finished_vectors_are_taken_as_they_are(tmp_path):
    encoded(tmp_path, encoder([]), n=N, width=WIDTH, identity="a")
    seen = []
    assert len(encoded(tmp_path, encoder(seen), n=N, width=WIDTH, identity="a")) == N
    assert seen == []
