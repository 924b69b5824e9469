import re, textwrap, string, difflib, html, urllib.parse
print(re.sub(r"(?P<a>\w+)@(\w+)", r"\2 at \g<a>", "me@here you@there"), textwrap.fill("many words " * 9, 30))
print(string.Template("$a b").substitute(a=1), list(difflib.ndiff(["a"], ["b"])), html.escape("<&>"), urllib.parse.quote("ä b"))
print(f"{3.14159:>10.2f}|{'x':^5}|{1234567:,}|{255:#x}|{'r'!r}|{1+1=}")
