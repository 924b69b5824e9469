import sys
print(sys.argv, sys.orig_argv, sys.executable)
print(sys.path)
print(sys.prefix, sys.base_prefix, sys.exec_prefix, sys.platlibdir, sys.pycache_prefix)
print(sys.meta_path, len(sys.path_hooks))
