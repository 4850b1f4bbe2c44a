"""The facts of each component in the form of Kubeflow's collection of components.

`components/<name>/metadata.yaml` follows from the interface, the package's own metadata and the
versions that the tests run with. `python -m components.readme` writes it.

Reference: ``metadata.yaml`` of the repository kubeflow/pipelines-components.
"""

from collections.abc import Sequence
from importlib.metadata import metadata, version
from pathlib import Path
from typing import Any

from components.interface import Component

FOLDER = Path(__file__).parent
# When all components were last run in their images, by the tests with Docker. It is moved when
# that has been done for a release: Kubeflow's collection rejects what is older than a year.
LAST_VERIFIED = "2026-11-27T00:00:00Z"
_STATUS = "Development Status :: "
_STABILITY = {"3 - Alpha": "alpha", "4 - Beta": "beta", "5 - Production/Stable": "stable"}
# The parameter by which a component is told of a service, and the service.
_S3, _MLFLOW = "bucket", "mlflow_tracking_uri"
# The only version of S3's API, 2006-03-01, as a semantic version.
_S3_VERSION = "2006.3.1"


def path_of(name: str) -> Path:
    """Return the path of a component's facts."""
    return FOLDER / name / "metadata.yaml"


def render(component: Component) -> str:
    """Return the facts of a component as YAML."""
    import yaml

    text: str = yaml.safe_dump(facts_of(component), sort_keys=False, allow_unicode=True)
    # A moment stands without quotes, as Kubeflow's check wants it.
    return text.replace(f"'{LAST_VERIFIED}'", LAST_VERIFIED)


def facts_of(component: Component) -> dict[str, Any]:
    """Return the facts of a component.

    Args:
        component: its interface.

    Returns:
        Name, stability, dependencies, tags, moment of the last verification, owner and source.
    """
    package = metadata("autofocus")
    links = dict(entry.split(", ", 1) for entry in package.get_all("Project-URL") or ())
    return {
        "name": component.name,
        "stability": _stability(package.get_all("Classifier") or ()),
        "dependencies": {
            "kubeflow": [{"name": "Pipelines", "version": f">={version('kfp')}"}],
            **({"external_services": services} if (services := _services(component)) else {}),
        },
        "tags": _tags(component),
        "lastVerified": LAST_VERIFIED,
        "links": {
            "owner": package["Author"],
            "source": f"{links['Source']}components/{component.name}",
        },
    }


def _stability(classifiers: Sequence[str]) -> str:
    (status,) = (one.removeprefix(_STATUS) for one in classifiers if one.startswith(_STATUS))
    return _STABILITY[status]


def _services(component: Component) -> list[dict[str, str]]:
    """Return the services outside of the cluster's own that a component can use."""
    names = {parameter.name for parameter in component.parameters}
    services = []
    if _S3 in names:
        services.append({"name": "S3-compatible storage", "version": f">={_S3_VERSION}"})
    if _MLFLOW in names:
        major, minor, *_ = version("mlflow").split(".")
        services.append({"name": "MLflow", "version": f">={major}.{minor}.0"})
    return services


def _tags(component: Component) -> list[str]:
    """Return words to find a component by: what it does with models, images and services."""
    takes = {_kind(one.type) for one in component.inputs}
    makes = {_kind(one.type) for one in component.outputs}
    names = {parameter.name for parameter in component.parameters}
    trains = "Model" in makes and takes
    use = "training" if trains else "inference" if "Model" in takes | makes else "data-processing"
    services = {"s3": _S3 in names, "mlflow": _MLFLOW in names}
    return ["camera-trap", use, *(tag for tag, is_used in services.items() if is_used)]


def _kind(type_: Any) -> str:
    """Return the name of an artifact's type; of a list, that of its elements."""
    (kind,) = getattr(type_, "__args__", None) or (type_,)
    return str(kind.__name__)
