import sys
sys.excepthook = lambda t, v, tb: print("hook", t.__name__, v, tb.tb_lineno, tb.tb_frame.f_code.co_filename)
raise LookupError("x")
