"""Pages of dispatch: the grid worker's phone, one order, the department, the approver, the administrator."""
