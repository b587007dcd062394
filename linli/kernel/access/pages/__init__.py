"""Pages of who may do what: grants and roles, and single openings and closings."""
