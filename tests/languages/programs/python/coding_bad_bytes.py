print("gün")
