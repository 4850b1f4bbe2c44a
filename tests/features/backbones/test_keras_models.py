"""Claims about backbones of Keras."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autofocus.errors import InputDataError, SettingError
from autofocus.features.backbones import load_backbone
from autofocus.features.backbones.keras_models import load_application
from autofocus.features.runtime import tensorflow

SIDE = 16
IMAGES = np.random.default_rng(4).random((2, SIDE, SIDE, 3)).astype(np.float32)


def save_network(
    path: Path,
    *first: Any,
    shape: tuple[Any, ...] = (SIDE, SIDE, 3),
    top: str = "pooled",
    beside: Any = None,
) -> Path:
    """Write a Keras model with random weights, and the JSON beside it.

    Args:
        path: of the file.
        first: layers before the convolution.
        shape: of its input.
        top: what it returns: `pooled` features, the `map`, `two` outputs, or a `constant`.
        beside: the content of the JSON; None for none.
    """
    import keras

    keras.utils.set_random_seed(3)
    inputs = x = keras.Input(shape)
    for layer in first:
        x = layer(x)
    x = keras.layers.Conv2D(5, 3, activation="relu")(x)
    x = keras.layers.BatchNormalization()(x)
    pooled = keras.layers.GlobalAveragePooling2D()(x)
    tops = {"pooled": pooled, "map": x, "two": [pooled, x], "constant": pooled * 0 + 1}
    with warnings.catch_warnings():
        # Of Keras itself, with recent versions of NumPy.
        warnings.simplefilter("ignore")
        keras.Model(inputs, tops[top]).save(path)
    if beside is not None:
        path.with_suffix(".json").write_text(json.dumps(beside))
    return path


def test_a_keras_file_gives_its_vectors(tmp_path: Path) -> None:
    """A `.keras` file gives what Keras computes of the same images."""
    import keras

    path = save_network(tmp_path / "net.keras")
    backbone = load_backbone(str(path))
    assert (backbone.image_size, backbone.feature_size) == ((SIDE, SIDE), 5)
    vectors = keras.saving.load_model(path)(IMAGES, training=False)
    np.testing.assert_allclose(backbone.features(IMAGES), vectors, atol=1e-6)


def test_the_json_beside_a_keras_file_says_how_images_are_normalised(tmp_path: Path) -> None:
    """Range, mean and standard deviation are applied before the network, and maps are pooled."""
    import keras

    given = {"range": [0, 255], "mean": [9, 8, 7], "std": [50, 60, 70], "pooling": "mean"}
    path = save_network(tmp_path / "net.keras", top="map", beside=given)
    images = (IMAGES * 255 - np.array([9, 8, 7])) / np.array([50, 60, 70])
    maps = keras.saving.load_model(path)(images.astype(np.float32), training=False)
    expected = np.asarray(maps).mean(axis=(1, 2))
    np.testing.assert_allclose(load_backbone(str(path)).features(IMAGES), expected, rtol=1e-4)


def test_what_is_exported_loads_without_keras(tmp_path: Path) -> None:
    """A module around it, saved and loaded where Keras can't be imported, gives the same."""
    tf = tensorflow()
    backbone = load_backbone(str(save_network(tmp_path / "net.keras")))
    outer = tf.Module()
    outer.inner = backbone.module
    spec = tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)
    outer.call = tf.function(backbone.module.__call__, input_signature=[spec])
    tf.saved_model.save(outer, str(tmp_path / "saved"))
    np.save(tmp_path / "images.npy", IMAGES)
    code = (
        "import sys; sys.modules.update(keras=None, tf_keras=None)\n"
        "import numpy as np, tensorflow as tf\n"
        "model = tf.saved_model.load(sys.argv[1] + '/saved')\n"
        "images = np.load(sys.argv[1] + '/images.npy')\n"
        "np.save(sys.argv[1] + '/vectors.npy', model.call(images).numpy())"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True)
    vectors = np.load(tmp_path / "vectors.npy")
    np.testing.assert_allclose(vectors, backbone.features(IMAGES), atol=1e-6)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"top": "map"}, r"returns values of shape \(3, 14, 14, 5\)"),
        ({"top": "two"}, "no single tensor of numbers"),
        ({"top": "constant"}, "the same features for images with different content: check range"),
        ({"shape": (SIDE, SIDE, 1)}, "takes images with 1 channels"),
        ({"beside": {"size": 32}}, "takes images of 16 by 16 pixels, and not of 32 by 32"),
        ({"beside": {"rang": 1}}, "unknown key 'rang'"),
    ],
)
def test_what_can_not_be_used_is_said_in_one_sentence(
    tmp_path: Path, network: dict[str, Any], message: str
) -> None:
    """The message names what is wrong with the file, and what to change."""
    with pytest.raises(InputDataError, match=message) as caught:
        load_backbone(str(save_network(tmp_path / "net.keras", **network)))
    assert "\n" not in str(caught.value)


def test_a_network_that_scales_its_pixels_itself_is_noticed(tmp_path: Path) -> None:
    """A layer Rescaling(1/255) needs pixels to 255: said, and with the JSON it works."""
    import keras

    path = save_network(tmp_path / "net.keras", keras.layers.Rescaling(1 / 255))
    with pytest.raises(InputDataError, match=r'write {"range": \[0, 255\]} into net.json'):
        load_backbone(str(path))
    path.with_suffix(".json").write_text('{"range": [0, 255]}')
    assert load_backbone(str(path)).feature_size == 5


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 damaged"])
def test_a_damaged_file_is_rejected(tmp_path: Path, content: bytes) -> None:
    """A file that Keras can't load is said so in one sentence."""
    path = tmp_path / "net.keras"
    path.write_bytes(content)
    with pytest.raises(InputDataError, match="is no Keras model that can be loaded") as caught:
        load_backbone(str(path))
    assert "\n" not in str(caught.value)


def test_an_open_size_becomes_224(tmp_path: Path) -> None:
    """A network for any size is given 224 by 224 pixels, unless the JSON says otherwise."""
    path = save_network(tmp_path / "net.keras", shape=(None, None, 3))
    assert load_backbone(str(path)).image_size == (224, 224)
    path.with_suffix(".json").write_text('{"size": 32}')
    assert load_backbone(str(path)).image_size == (32, 32)


def test_an_unknown_application_suggests_close_ones() -> None:
    """A misspelt name is answered with names that exist."""
    with pytest.raises(SettingError, match="did you mean keras:EfficientNetV2S or "):
        load_application("keras:EfficentNetV2-S")


# In another process, as Keras reads the place of its cache when it is imported.
APPLICATIONS = """
import json, sys, warnings
import numpy as np
from autofocus.features.backbones import load_backbone
from autofocus.features.runtime import tensorflow
tensorflow()
import keras
home = sys.argv[1]
keras.utils.set_random_seed(3)
make, shape = keras.applications.MobileNet, (224, 224, 3)
network = make(include_top=False, weights=None, pooling="avg", input_shape=shape)
network.save(home + "/models/mobilenet_1_0_224_tf_no_top.h5")
backbone = load_backbone("Keras:mobileNET")
images = np.random.default_rng(1).random((2, 224, 224, 3)).astype(np.float32)
inputs = keras.applications.mobilenet.preprocess_input(images * 255)
expected = network(inputs, training=False).numpy()
results = {
    "name": backbone.name,
    "size": backbone.image_size,
    "difference": float(np.abs(backbone.features(images) - expected).max()),
    "features": float(np.abs(expected).max()),
}
open(home + "/models/mobilenet_1_0_224_tf_no_top.h5", "r+b").truncate(1000)
for key, name in {"damaged": "MobileNet", "absent": "EfficientNetV2B0"}.items():
    try:
        load_backbone("keras:" + name)
    except Exception as error:
        results[key] = f"{type(error).__name__}: {error}"
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What networks give whose weights are in the cache, damaged there, or not there."""
    home = tmp_path_factory.mktemp("keras")
    (home / "models").mkdir()
    environment = {
        **os.environ, "KERAS_HOME": str(home), "https_proxy": "http://127.0.0.1:9",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", APPLICATIONS, str(home)],
        check=True, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return {**json.loads(done.stdout), "home": str(home)}


def test_an_application_takes_its_weights_from_the_cache(applications: dict[str, Any]) -> None:
    """Whatever the case of its name, it gives what Keras computes with its own preprocessing."""
    assert (applications["name"], applications["size"]) == ("keras:MobileNet", [224, 224])
    assert applications["difference"] < 1e-5 * applications["features"]


def test_without_network_the_file_to_fetch_is_named(applications: dict[str, Any]) -> None:
    """Where the weights can't be downloaded, the message says which file to put where."""
    message = applications["absent"]
    assert message.startswith("MissingInputError: The weights of EfficientNetV2B0 can't be down")
    assert f"into {applications['home']}/models as efficientnetv2-b0_notop.h5" in message
    assert "\n" not in message


def test_damaged_weights_in_the_cache_are_said_so(applications: dict[str, Any]) -> None:
    """A truncated file in the cache is named as what to delete."""
    assert "InputDataError: The weights of MobileNet can't be loaded" in applications["damaged"]
    assert f"delete its file in {applications['home']}/models" in applications["damaged"]
