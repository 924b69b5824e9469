import gc, sys, threading, signal
print(gc.isenabled(), gc.get_threshold(), gc.garbage, gc.callbacks)
print(threading.active_count(), threading.current_thread().name, threading.main_thread() is threading.current_thread())
print(sys.gettrace(), sys.getprofile(), sys.displayhook, sys.excepthook is sys.__excepthook__, sys.unraisablehook is sys.__unraisablehook__)
print({s.name: str(signal.getsignal(s)) for s in signal.Signals if signal.getsignal(s) not in (signal.SIG_DFL,)})
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
