import numpy as np
import pytest
from PIL import Image

from churn.data.encoders.networks import Network

pytestmark = pytest.mark.slow


def test_a_text_has_one_vector_whatever_it_is_read_with(networks):
    network = Network(networks["text"], "text", key="k")
    together = network.of(["hello", "a longer text than that", "x" * 5000, ""])
    assert together.shape == (4, network.width) == (4, 16)
    assert network.of(["hello"])[0] == pytest.approx(together[0], abs=1e-5)
    assert np.isfinite(together).all()
    assert len(network.of([f"text {n}" for n in range(70)])) == 70


def test_a_picture_has_one_vector(networks):
    network = Network(networks["picture"], "picture", key="k")
    red, blue = Image.new("RGB", (60, 80), "red"), Image.new("RGB", (10, 10), "blue")
    found = network.of([red, blue])
    assert found.shape == (2, 16)
    assert np.abs(found[0] - found[1]).max() > 0.01


def test_weights_tell_two_networks_apart(networks):
    assert (
        Network(networks["text"], "text", key="k").identity != Network(networks["picture"], "picture", key="k").identity
    )


def test_directories_that_hold_no_such_network_are_one_line(networks, tmp_path, refused):
    with refused("text network in the directory", "no config.json", "leave the key out"):
        Network(tmp_path / "nowhere", "text", key="data.attributes.title.encoder")
    with refused("text network in the directory", "no tokenizer_config.json", "save a model with its tokenizer"):
        Network(networks["picture"], "text", key="k")
    for name in ("config.json", "tokenizer_config.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    with refused("text network in the directory", "", "that AutoModel of transformers reads"):
        Network(tmp_path, "text", key="k")
