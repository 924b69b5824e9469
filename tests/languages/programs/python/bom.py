print("Böm here")
