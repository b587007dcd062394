"""Pieces of a case's pages about its photos: advice and readings for the applicant, differences for the offices."""

from typing import Any

from django import template

from linli.onestop import queries_scans
from linli.onestop.models import Application

register = template.Library()


@register.inclusion_tag("onestop/scans/_photos.html")
def photos(row: Application) -> dict[str, Any]:
    """For the applicant: photos to take again, those still being read, and readings to look over."""
    sheets = queries_scans.sheets_of(row)
    open_ones = [one for one in sheets if one.advice or row.state == "draft"]
    return {"row": row, "sheets": open_ones, "draft": row.state == "draft"}


@register.inclusion_tag("onestop/scans/_differences.html")
def differences(row: Application) -> dict[str, Any]:
    """For the offices: every photo with what it says and where that differs."""
    return {"row": row, "sheets": queries_scans.sheets_of(row)}
