import signal, os
signal.signal(signal.SIGUSR1, lambda n, f: print("got", n, f.f_code.co_name))
os.kill(os.getpid(), signal.SIGUSR1)
signal.signal(signal.SIGALRM, lambda n, f: (_ for _ in ()).throw(TimeoutError("alarm")))
signal.setitimer(signal.ITIMER_REAL, 0.01)
while True: pass
