# attack: exits with the number that others take for an OOM kill
# expect: runtime_error
# exit: 137
# after: worker and neighbours unharmed, container gone
import os
os._exit(137)
