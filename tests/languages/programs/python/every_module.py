import importlib, sys
missing = []
for name in sorted(sys.stdlib_module_names):
    if name in {"antigravity", "this", "idlelib", "turtledemo", "turtle", "tkinter", "_tkinter", "distutils", "lib2to3", "ensurepip", "venv", "msilib", "nt", "ntpath", "winreg", "winsound", "_winapi", "msvcrt", "nturl2path"}: continue
    try: importlib.import_module(name)
    except ImportError as error: missing.append(name)
print([name for name in missing if not name.startswith("_")])
