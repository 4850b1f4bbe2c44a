"""Claims about importing the package."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from autofocus.cli import COMMANDS

# A second import of everything, when all other packages have done what they do on theirs. Modules
# that import TensorFlow at their tops are imported only by the functions that need it.
SCRIPT = """
import importlib, logging, os, pkgutil, sys, warnings
import autofocus
from PIL import Image

ON_DEMAND = {"autofocus.features.backbones.modules", "autofocus.model.classifier_module"}

def import_all():
    path = importlib.import_module("autofocus").__path__
    for module in pkgutil.walk_packages(path, "autofocus."):
        if module.name not in ON_DEMAND and not module.name.endswith("__main__"):
            importlib.import_module(module.name)

def state():
    levels = {logger.name: logger.level for logger in loggers()}
    return (list(warnings.filters), dict(os.environ), list(sys.path), Image.MAX_IMAGE_PIXELS,
            levels, list(logging.root.handlers))

def loggers():
    known = logging.root.manager.loggerDict.values()
    return [logger for logger in known if isinstance(logger, logging.Logger)]

environment, limit = dict(os.environ), Image.MAX_IMAGE_PIXELS
import_all()
warnings.resetwarnings()
os.environ.clear()
os.environ.update(environment)
Image.MAX_IMAGE_PIXELS = limit
for logger in loggers():
    logger.setLevel(logging.NOTSET)
for name in [name for name in sys.modules if name.split(".")[0] == "autofocus"]:
    del sys.modules[name]
before = state()
import_all()
assert state() == before, (before, state())
assert "tensorflow" not in sys.modules
"""


def test_importing_the_package_changes_nothing_else() -> None:
    """No warning filter, environment variable, path, logger or setting of Pillow is changed."""
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=300)


@pytest.mark.parametrize(
    ("module", "lacking"),
    [
        ("download_images", "numpy pandas polars PIL tensorflow mlflow"),
        ("publish_labels", "numpy pandas polars PIL tensorflow mlflow"),
        ("export", "numpy pandas polars PIL tensorflow mlflow"),
        ("preprocess_images", "pandas polars boto3 tensorflow mlflow"),
        ("clean_detections", "pandas PIL boto3 tensorflow mlflow"),
        ("link_images_by_label", "pandas PIL boto3 tensorflow mlflow"),
        ("predict", "pandas polars boto3 mlflow"),
    ],
)
def test_a_light_stage_is_imported_without_the_packages_of_others(
    module: str, lacking: str
) -> None:
    """The image of a stage holds the packages of its own extra, and no more."""
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({lacking.split()})); "
        f"import autofocus.{module}"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_preprocessing_without_boxes_imports_nothing_that_finds_them(tmp_path: Path) -> None:
    """A run of `preprocess_images` without boxes starts without detector and motion."""
    Image.new("RGB", (300, 300)).save(tmp_path / "a.jpg")
    script = (
        "import sys; from pathlib import Path; import autofocus\n"
        "settings = autofocus.PreprocessSettings(trim_bottom=0)\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "autofocus.preprocess_images(folder, folder / 'out', settings)\n"
        "found = [name for name in sys.modules if name.startswith('autofocus.')]\n"
        "late = ('detector.detecting', 'localization.finding', 'motion.finding')\n"
        "assert not [name for name in found if name.endswith(late)], found"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# Commands whose options are declared beside their stage.
SLOWER = {"weights", "make_sample", "demo"}


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - SLOWER))
def test_options_are_read_without_what_a_stage_needs(command: str) -> None:
    """`--help` of no command imports a package that takes long."""
    slow = ["numpy", "pandas", "polars", "PIL", "boto3", "obstore", "tensorflow", "mlflow", "tqdm"]
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({slow})); "
        f"from autofocus.cli import main; raise SystemExit(main([{command!r}, '--help']))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
