"""The report of a data set as one page: the data, the models, the errors, the methods."""

from evaluation.reporting.measurements import ReportPlan
from evaluation.reporting.page import check_page, write
from evaluation.reporting.report import make_report
from evaluation.reporting.tuned_models import check_tuning

__all__ = ["ReportPlan", "check_page", "check_tuning", "make_report", "write"]
