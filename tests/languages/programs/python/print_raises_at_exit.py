import sys
class S:
    def write(self, s): pass
    def flush(self): raise ValueError("flush")
sys.stdout = S()
