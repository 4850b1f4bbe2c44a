"""Whether a server can run what an SDK compiled."""

import re

from autofocus.errors import ClusterError

# The oldest server that these pipelines run on. 2.14 is the first whose driver collects the
# artifacts of a loop's iterations (dsl.Collected) and gives a container all of `{{$}}`;
# node selectors and secrets named by parameters came with 2.5, and a server that is older ends a
# run at its first task with "unknown field". Since 2.14 SDK and server share their version's
# number, and the major number rises when what is compiled for one doesn't run on the other.
OLDEST_SERVER = (2, 14)


def check_versions(sdk: str, server: str, host: str) -> str:
    """Make sure that a server can run what an SDK compiled.

    Args:
        sdk: the version of kfp that compiled the pipeline; may be empty.
        server: the server's version; may be empty, or no version.
        host: the server's address, for messages.

    Returns:
        A sentence where something is uncertain; otherwise empty.

    Raises:
        ClusterError: the versions are too far apart; see `OLDEST_SERVER`.
    """
    compiled, runs = _numbers(sdk), _numbers(server)
    oldest = ".".join(map(str, OLDEST_SERVER))
    if runs is None:
        return f"{host} doesn't report its version; {oldest} is needed."
    between = f"{host} runs Kubeflow Pipelines {server}"
    if compiled is not None and compiled[0] != runs[0]:
        raise ClusterError(
            f"{between}, but the pipeline was compiled with kfp {sdk}: compile it with a kfp "
            f"of version {runs[0]}, or take a server of version {compiled[0]}."
        )
    if runs < OLDEST_SERVER:
        raise ClusterError(
            f"{between}, which is too old for pipelines compiled with kfp {sdk or '2'}: "
            f"it must be {oldest} or newer."
        )
    if compiled is not None and runs < compiled:
        return f"{between}, older than the kfp {sdk} that compiled the pipeline; this should work."
    return ""


def _numbers(version: str) -> tuple[int, int] | None:
    match = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else None
