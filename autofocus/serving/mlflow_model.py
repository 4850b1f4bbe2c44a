"""A trained model as MLflow loads it from its code: it is copied beside the logged model."""

import mlflow

from autofocus.serving.pyfunc import ImageModel

mlflow.models.set_model(ImageModel())
