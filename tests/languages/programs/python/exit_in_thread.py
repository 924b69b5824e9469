import threading, sys
threading.Thread(target=lambda: sys.exit(9)).start()
print("main goes on")
