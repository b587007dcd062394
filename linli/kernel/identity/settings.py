"""Settings of sign-in (django-allauth), read into the site settings."""
