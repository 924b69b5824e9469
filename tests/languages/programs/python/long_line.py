print("x" * 200000, end="")
