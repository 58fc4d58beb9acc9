"""The study of a data set as one page: before modelling, modelling, and after it."""

from evaluation.reporting.blocks import Report
from evaluation.reporting.measurements import Plan
from evaluation.reporting.page import check_page, render, write
from evaluation.reporting.report import make_report
from evaluation.reporting.tuned_models import check_tuning

__all__ = ["Plan", "Report", "check_page", "check_tuning", "make_report", "render", "write"]
