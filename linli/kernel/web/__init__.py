"""Base pages, form fields, tables, filters, imports, the offline core and the look they share."""
