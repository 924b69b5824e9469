# attack: exits with a number that does not fit
# expect: runtime_error | ok
# after: worker and neighbours unharmed, container gone
import sys
sys.exit(2 ** 40)
