print(open(__file__).read(), end="")
import __main__; print(__main__.__dict__ is globals())
