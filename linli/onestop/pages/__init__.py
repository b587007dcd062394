"""The pages of one-stop service: everybody's guide, the applicant's case, the window, the desk, the catalogue."""
