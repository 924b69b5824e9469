# attack: closes all descriptors, then fails
# expect: runtime_error
# exit: 3
# after: worker and neighbours unharmed, container gone
import os
os.closerange(0, 4096)
os._exit(3)
