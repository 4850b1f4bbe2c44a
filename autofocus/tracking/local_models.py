"""The folder of a model on this machine, wherever the model is."""

from pathlib import Path

from autofocus.tracking.model_address import address_of

# Of the argument of commands that use a model.
MODEL_HELP = (
    "the model's folder, as written by retrain; or models:/NAME@ALIAS or models:/NAME/VERSION, a "
    "registered model in MLflow"
)


def local_model(model: Path | str, patience: float = 0.0) -> Path:
    """Return the folder of a model; one of MLflow's registry is fetched into the cache first.

    Args:
        model: the model's folder, or `models:/NAME@ALIAS` or `models:/NAME/VERSION`.
        patience: how long to retry while MLflow's server is unavailable, in seconds.

    Raises:
        SettingError: it begins with `models:/`, but names no version.
        MissingDependencyError: MLflow is not installed.
        MissingInputError: there is no such model, alias or version.
        InputDataError: it was not made by Autofocus, or its files are damaged.
        StoreError: MLflow's server or store can't be used.
    """
    address = address_of(model)
    if address is None:
        return Path(model)
    # Not before it is needed, as it takes time.
    from autofocus.tracking.fetching import fetch_model

    return fetch_model(address, patience)
