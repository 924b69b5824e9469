"""The health check of an image, without curl: exits 0 if the address answers 200 within 4 seconds."""

import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=4) as answer:
    sys.exit(answer.status != 200)
