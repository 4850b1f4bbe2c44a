"""The names of pipelines' parameters."""

# Settings that have a value for each stage; any other is the same for all stages that have it.
PER_STAGE = frozenset({"max_rejected"})
# Components that run another one's stage, and share its value.
_SAME_STAGE = {"fine_tune": "retrain"}


def parameter_name(component: str, name: str) -> str:
    """Return the pipeline's parameter for a parameter of a component.

    Args:
        component: the component's name, such as ``clean``.
        name: the component's parameter, such as ``max_rejected``.
    """
    return f"{_SAME_STAGE.get(component, component)}_{name}" if name in PER_STAGE else name
