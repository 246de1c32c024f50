"""``python -m featurelib_client`` is the command `featurelib-client`."""

import sys

from featurelib_client.cli import main

if __name__ == "__main__":
    sys.exit(main())
