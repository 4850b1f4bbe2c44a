"""Prices, nodes and networks that the costs of a run are computed from."""

from dataclasses import dataclass

PODS = 40
# What is divided by, and how often each image comes.
ABOVE_0 = ("pods", "transfer", "copies", "cores")


@dataclass(frozen=True)
class Assumptions:
    """What isn't measured here.

    Attributes:
        step: seconds between two steps of a run: of Kubeflow's driver, and of a task's pod. On the
            cluster of docs/kubernetes.md, a run of 18 steps took 180 s with next to no images.
        pods: pods at the same time.
        transfer: bytes per second that a pod moves from and to a store.
        page: seconds to list 1,000 objects.
        original: bytes of an original image; 0: as measured, of 8 megapixels.
        copies: feature vectors per image: 1, and one for each view and distorted copy.
        cores: processors of a node, which a task of many uses alone.
        node, spot: US dollars per hour of such a node, on demand and spot (assumed: 4 vCPU and
            16 GiB, such as m5.xlarge in us-east-1).
        large: US dollars per hour of a node for `clean`, `link`, `retrain` and `publish`, on
            demand (assumed: 8 vCPU and 64 GiB, such as r5.2xlarge).
        storage: US dollars per GB and month in the pipeline root (assumed: S3 standard).
        get, put: US dollars per 1,000 requests (assumed: S3 standard).
    """

    step: float = 10.0
    pods: int = PODS
    transfer: float = 100e6
    page: float = 0.15
    original: float = 0.0
    copies: int = 1
    cores: int = 4
    node: float = 0.192
    spot: float = 0.07
    large: float = 0.504
    storage: float = 0.023
    get: float = 0.0004
    put: float = 0.005
