"""``python -m featurelib.cli``, for where the command is not on the path."""

import sys

from featurelib.cli.main import main

sys.exit(main())
