"""`python -m linli`, the same as the command `linli`."""

import sys

from linli.site.cli import main

sys.exit(main())
