print("x", end="")
exit(5)
