open("helper.py", "w").write("x = 5\ndef f(): raise KeyError(x)\nprint('imported as', __name__, __file__)\n")
import helper, importlib, os
importlib.reload(helper)
print(sorted(os.listdir(".")), helper.__cached__)
helper.f()
