# The public API as type checkers see it; __init__.py imports each name when it is first used.
from autofocus.audit import Audit as Audit
from autofocus.audit import audit as audit
from autofocus.clean_detections import CleanResult as CleanResult
from autofocus.clean_detections import CleanSettings as CleanSettings
from autofocus.clean_detections import clean_detections as clean_detections
from autofocus.download_images import DownloadResult as DownloadResult
from autofocus.download_images import DownloadSettings as DownloadSettings
from autofocus.download_images import download_images as download_images
from autofocus.errors import AutofocusError as AutofocusError
from autofocus.errors import BucketNotFoundError as BucketNotFoundError
from autofocus.errors import ClusterCredentialsError as ClusterCredentialsError
from autofocus.errors import ClusterError as ClusterError
from autofocus.errors import ClusterUnreachableError as ClusterUnreachableError
from autofocus.errors import CredentialsError as CredentialsError
from autofocus.errors import InputDataError as InputDataError
from autofocus.errors import LeakError as LeakError
from autofocus.errors import MissingDependencyError as MissingDependencyError
from autofocus.errors import MissingInputError as MissingInputError
from autofocus.errors import OutputConflictError as OutputConflictError
from autofocus.errors import RejectedImageError as RejectedImageError
from autofocus.errors import RunError as RunError
from autofocus.errors import SettingError as SettingError
from autofocus.errors import StoreError as StoreError
from autofocus.errors import StoreUnavailableError as StoreUnavailableError
from autofocus.errors import TooManyRejectedError as TooManyRejectedError
from autofocus.link_images_by_label import LinkResult as LinkResult
from autofocus.link_images_by_label import LinkSettings as LinkSettings
from autofocus.link_images_by_label import link_images_by_label as link_images_by_label
from autofocus.predict import PredictResult as PredictResult
from autofocus.predict import PredictSettings as PredictSettings
from autofocus.predict import predict as predict
from autofocus.preprocess_images import PreprocessResult as PreprocessResult
from autofocus.preprocess_images import PreprocessSettings as PreprocessSettings
from autofocus.preprocess_images import preprocess_images as preprocess_images
from autofocus.publish_labels import PublishResult as PublishResult
from autofocus.publish_labels import PublishSettings as PublishSettings
from autofocus.publish_labels import publish_labels as publish_labels
from autofocus.retrain import RetrainResult as RetrainResult
from autofocus.retrain import retrain as retrain
from autofocus.retrain_settings import RetrainSettings as RetrainSettings
from autofocus.run import RunResult as RunResult
from autofocus.run import run as run

__version__: str
__all__: list[str]
