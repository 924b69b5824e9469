import sys
print(sys.flags, sys.dont_write_bytecode, sys._xoptions, sys.warnoptions)
print(sys.version_info[:2], sys.implementation.name, sys.getrecursionlimit(), sys.getswitchinterval())
