import atexit
@atexit.register
def bad(): raise ValueError("at exit")
atexit.register(print, "still runs")
