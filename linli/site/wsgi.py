"""The web process: Django under Granian, with the URLconf imported before the first request."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.site.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()

from django.urls import get_resolver  # noqa: E402

get_resolver().url_patterns  # noqa: B018
