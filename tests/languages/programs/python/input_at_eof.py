input("anything? ")
