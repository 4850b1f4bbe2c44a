"""The interface of the fetch_model component."""

from kfp.dsl import Model

from components.interface import Component, Parameter

fetch_model = Component(
    "fetch_model",
    "Fetch a version of a registered model from MLflow, and check it.",
    inputs=(),
    outputs=(
        Parameter(
            "model", Model, "the model from retrain, with name, version and alias as metadata"
        ),
    ),
    arguments=(
        Parameter(
            "registered_model",
            str,
            "the registered model: NAME@ALIAS, such as raccoons@champion, or NAME/VERSION",
        ),
        Parameter("mlflow_tracking_uri", str, "the address of MLflow's server"),
        Parameter(
            "patience",
            float,
            "seconds to keep retrying while the MLflow server does not answer (0: do not retry)",
            300.0,
        ),
    ),
    image="retrain",
    command=("python", "/component/fetch_model.py"),
)
