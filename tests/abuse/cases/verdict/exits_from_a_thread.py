# attack: exits from a thread with another code than main
# expect: runtime_error
# exit: 9
# after: worker and neighbours unharmed, container gone
import os, threading, time
threading.Thread(target=lambda: os._exit(9)).start()
time.sleep(30)
