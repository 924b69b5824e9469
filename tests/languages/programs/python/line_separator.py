s = "a b"
print(ascii(s))
