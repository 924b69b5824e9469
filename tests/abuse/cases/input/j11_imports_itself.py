# attack: imports itself without end
# expect: runtime_error | ok
# limits: {"cpuSeconds": 3, "wallSeconds": 8}
# after: worker and neighbours unharmed, container gone
import importlib, sys
sys.path.insert(0, '/work')
sys.modules.pop('main', None)
import main
importlib.reload(main)
