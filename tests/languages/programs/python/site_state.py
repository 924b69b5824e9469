import site, sys
print(site.ENABLE_USER_SITE, site.getsitepackages(), site.USER_SITE, site.PREFIXES)
print(sorted(n for n in vars(site) if not n.startswith("__")))
print(sorted(n for n in dir(__builtins__)))
