import runpy
if __name__ == "__main__":
    print(sorted(runpy.run_path(__file__, run_name="other"))[-1])
else:
    zzz = 1
    print("as", __name__)
