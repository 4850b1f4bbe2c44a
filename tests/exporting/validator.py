"""MegaDetector's own validator of results."""

from PIL import ImageFile

_is_lenient = ImageFile.LOAD_TRUNCATED_IMAGES
from megadetector.postprocessing.validate_batch_results import (  # noqa: E402
    ValidateBatchResultsOptions,
    validate_batch_results,
)

# It lets Pillow read truncated images, in all other tests, too.
ImageFile.LOAD_TRUNCATED_IMAGES = _is_lenient

__all__ = ["ValidateBatchResultsOptions", "validate_batch_results"]
