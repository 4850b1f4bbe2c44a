"""Claims about backbones from elsewhere."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autofocus.errors import InputDataError, MissingInputError, SettingError
from autofocus.features.backbones import load_backbone
from autofocus.features.runtime import tensorflow

IMAGES = np.random.default_rng(4).random((2, 32, 48, 3)).astype(np.float32)


def save_module(folder: Path, shape: list[int | None], outputs: int = 2) -> Path:
    """Save a module that gives each channel's mean, `outputs` of them in a row."""
    tf = tensorflow()
    spec = tf.TensorSpec(shape, tf.float32, name="images")

    class Means(tf.Module):  # type: ignore[misc, name-defined] # TensorFlow ships no types
        def __init__(self) -> None:
            super().__init__()
            self.scale = tf.Variable(tf.ones([3]))

        @tf.function(input_signature=[spec])  # type: ignore[untyped-decorator]
        def __call__(self, images: Any) -> Any:
            means = tf.reduce_mean(images, [1, 2]) * self.scale
            return means if outputs == 2 else means[:, None, :]

    module = Means()
    tf.saved_model.save(module, str(folder), signatures=module.__call__)
    return folder


def save_function(folder: Path, body: Any, *, name: str | None, inputs: int = 1) -> Path:
    """Save a function of 32 x 48 images: under a signature's name, or as the call alone."""
    tf = tensorflow()
    specs = [tf.TensorSpec([None, 32, 48, 3], tf.float32, name=f"in{n}") for n in range(inputs)]
    module = tf.Module()
    module.run = tf.function(body, input_signature=specs)
    if name is None:
        module.__call__ = module.run
    tf.saved_model.save(module, str(folder), signatures={} if name is None else {name: module.run})
    return folder


def means(images: Any) -> Any:
    return tensorflow().reduce_mean(images, [1, 2])


def test_a_saved_model_serves_as_backbone(tmp_path: Path) -> None:
    """A folder with a callable SavedModel gives its vectors, input size and vector size."""
    backbone = load_backbone(str(save_module(tmp_path, [None, 32, 48, 3])))
    assert (backbone.image_size, backbone.feature_size) == ((32, 48), 3)
    np.testing.assert_allclose(backbone.features(IMAGES), IMAGES.mean(axis=(1, 2)), atol=1e-6)


def test_a_free_input_size_becomes_224(tmp_path: Path) -> None:
    """A SavedModel that leaves its input size open is fed 224 by 224 pixels."""
    assert load_backbone(str(save_module(tmp_path, [None] * 3 + [3]))).image_size == (224, 224)


@pytest.mark.parametrize("name", ["serving_default", "default", None])
def test_a_signature_or_a_call_is_enough(tmp_path: Path, name: str | None) -> None:
    """A model with one signature, or a call and no signature, gives its vectors and input size."""
    backbone = load_backbone(str(save_function(tmp_path, means, name=name)))
    assert backbone.image_size == (32, 48)
    np.testing.assert_allclose(backbone.features(IMAGES), IMAGES.mean(axis=(1, 2)), atol=1e-6)


def test_of_several_outputs_default_is_taken(tmp_path: Path) -> None:
    """Among named outputs, the one called default holds the feature vectors."""
    folder = save_function(
        tmp_path,
        lambda images: {"a_first": images[:, 0, 0, :], "default": means(images)},
        name="serving_default",
    )
    vectors = load_backbone(str(folder)).features(IMAGES)
    np.testing.assert_allclose(vectors, IMAGES.mean(axis=(1, 2)), atol=1e-6)


def test_half_precision_vectors_become_single(tmp_path: Path) -> None:
    """Vectors of another precision come out as float32, which the classifier layer takes."""
    folder = save_function(
        tmp_path, lambda images: tensorflow().cast(means(images), "float16"), name=None
    )
    assert load_backbone(str(folder)).features(IMAGES).dtype == np.float32


def test_it_can_be_exported_again(tmp_path: Path) -> None:
    """Saved as a part of another module, it gives the same vectors when loaded from there."""
    tf = tensorflow()
    backbone = load_backbone(str(save_module(tmp_path / "one", [None, 32, 48, 3])))
    outer = tf.Module()
    outer.inner = backbone.module
    outer.call = tf.function(
        backbone.module.__call__,
        input_signature=[tf.TensorSpec([None, 32, 48, 3], tf.float32)],
    )
    tf.saved_model.save(outer, str(tmp_path / "two"))
    again = tf.saved_model.load(str(tmp_path / "two"))
    np.testing.assert_allclose(again.call(IMAGES).numpy(), backbone.features(IMAGES), atol=1e-6)


def test_tf_hub_loads_the_same_module(tmp_path: Path) -> None:
    """What serves as a backbone here is what TF Hub's own loader takes, with the same vectors."""
    import tensorflow_hub as hub

    folder = str(save_module(tmp_path, [None, 32, 48, 3]))
    loaded = hub.load(folder)(IMAGES).numpy()
    np.testing.assert_allclose(loaded, load_backbone(folder).features(IMAGES), atol=1e-6)


def test_a_keras_layer_of_tf_hub_takes_the_same_module(tmp_path: Path) -> None:
    """With Keras 2, TF Hub's Keras layer takes it as well, and a Keras model runs it."""
    folder = save_module(tmp_path / "model", [None, 32, 48, 3])
    np.save(tmp_path / "images.npy", IMAGES)
    code = """
import sys, numpy as np, tensorflow as tf, tensorflow_hub as hub
images = np.load(sys.argv[2])
model = tf.keras.Sequential([tf.keras.layers.InputLayer((32, 48, 3)), hub.KerasLayer(sys.argv[1])])
np.save(sys.argv[3], model.predict(images, verbose=0))
"""
    arguments = [str(folder), str(tmp_path / "images.npy"), str(tmp_path / "vectors.npy")]
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=True,
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1"},
    )
    expected = load_backbone(str(folder)).features(IMAGES)
    np.testing.assert_allclose(np.load(tmp_path / "vectors.npy"), expected, atol=1e-6)


def test_a_handle_in_the_hub_cache_needs_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handle that TFHUB_CACHE_DIR holds is loaded from there."""
    import hashlib

    handle = "https://tfhub.example/module/1"
    place = tmp_path / hashlib.sha1(handle.encode()).hexdigest()  # noqa: S324 - TF Hub's own names
    save_module(place, [None, 32, 48, 3])
    monkeypatch.setitem(os.environ, "TFHUB_CACHE_DIR", str(tmp_path))
    assert load_backbone(handle).feature_size == 3


def test_the_digest_tells_models_apart(tmp_path: Path) -> None:
    """A moved copy, with a stray file in it, has the same digest; another model another."""
    one = save_module(tmp_path / "one", [None, 32, 48, 3])
    other = save_module(tmp_path / "other", [None, 48, 32, 3])
    first = load_backbone(str(one)).digest
    moved = one.rename(tmp_path / "moved")
    (moved / ".DS_Store").write_bytes(b"left by a file browser")
    assert load_backbone(str(moved)).digest == first
    assert load_backbone(str(other)).digest != first


def test_what_gives_no_vectors_is_refused(tmp_path: Path) -> None:
    """A model whose outputs aren't one vector per image is rejected, with their shape."""
    with pytest.raises(InputDataError, match=r"\(3, 1, 3\)"):
        load_backbone(str(save_module(tmp_path, [None, 32, 48, 3], outputs=3)))


@pytest.mark.parametrize(
    "body",
    [
        lambda images: [means(images), images],
        lambda images: {"one": means(images), "two": images},
        lambda images: tensorflow().cast(means(images), "int32"),
    ],
    ids=["list", "unnamed", "integers"],
)
def test_unclear_outputs_are_refused(tmp_path: Path, body: Any) -> None:
    """Outputs without identifiable feature vectors are rejected."""
    with pytest.raises(InputDataError, match="no single tensor"):
        load_backbone(str(save_function(tmp_path, body, name=None)))


def test_several_inputs_are_refused(tmp_path: Path) -> None:
    """A model with further inputs is rejected, with their names."""
    folder = save_function(
        tmp_path, lambda a, b: means(a) + means(b), name="serving_default", inputs=2
    )
    with pytest.raises(InputDataError, match="in0"):
        load_backbone(str(folder))


def test_a_model_for_other_images_is_refused(tmp_path: Path) -> None:
    """A model that can't take the images is rejected, with their shape."""
    with pytest.raises(InputDataError, match=r"\(N, 224, 224, 3\)"):
        load_backbone(str(save_module(tmp_path, [None, None, None, 1])))


@pytest.mark.parametrize(
    "part", ["saved_model.pb", "variables/variables.index", "variables/variables.data*"]
)
def test_a_damaged_model_is_refused(tmp_path: Path, part: str) -> None:
    """A SavedModel with a part that was emptied is said not to load."""
    folder = save_module(tmp_path, [None, 32, 48, 3])
    next(folder.glob(part)).write_bytes(b"")
    with pytest.raises(InputDataError, match="is not a valid SavedModel"):
        load_backbone(str(folder))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """A folder that holds no SavedModel is said so."""
    with pytest.raises(InputDataError, match="is not a valid SavedModel"):
        load_backbone(str(tmp_path))


def test_a_handle_out_of_reach_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handle that can't be fetched names what to do."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    with pytest.raises(MissingInputError, match="TFHUB_CACHE_DIR"):
        load_backbone("http://127.0.0.1:9/module/1")


@pytest.mark.parametrize("name", ["resnet", ""])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    """The error about an unknown name lists the embedded backbones."""
    with pytest.raises(SettingError, match="efficientnet-lite0"):
        load_backbone(name)
