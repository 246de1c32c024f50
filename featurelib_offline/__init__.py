"""featurelib in training: fit and transform frames and files, with Polars."""

from featurelib.explain import register_batch
from featurelib_offline.explain import batch_view
from featurelib_offline.fit import fit
from featurelib_offline.fit_transform import FitTransformed, fit_transform
from featurelib_offline.job import JobResult, job
from featurelib_offline.plan import Choice, Plan, plan
from featurelib_offline.point_in_time import Joined, RefusedRecordsWarning, point_in_time
from featurelib_offline.point_in_time_job import PointInTimeResult, point_in_time_job
from featurelib_offline.transform import Collected, transform
from featurelib_offline.views import View, as_of_join
from featurelib_offline.window_picture import window_picture

__all__ = [
    "Choice",
    "Collected",
    "FitTransformed",
    "JobResult",
    "Joined",
    "Plan",
    "PointInTimeResult",
    "RefusedRecordsWarning",
    "View",
    "as_of_join",
    "fit",
    "fit_transform",
    "job",
    "plan",
    "point_in_time",
    "point_in_time_job",
    "transform",
    "window_picture",
]

register_batch(batch_view)
