# attack: changes the modules that started it, then fails
# expect: runtime_error
# exit: 3
# after: worker and neighbours unharmed, container gone
import builtins, os, sys
builtins.exit = builtins.quit = lambda *_: None
os._exit = sys.exit = lambda *_: None
sys.excepthook = lambda *_: None
for module in list(sys.modules.values()):
    for name in ('_exit', 'exit', 'write'):
        if hasattr(module, name):
            try:
                setattr(module, name, lambda *_: None)
            except (AttributeError, TypeError):
                pass
raise SystemExit(3)
