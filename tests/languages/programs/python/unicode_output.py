print("naïve 日本語 🎉 \u202e \N{COMBINING ACUTE ACCENT}", ascii("🎉"), "ß".upper(), len("🎉"))
import unicodedata; print(unicodedata.name("é"), unicodedata.normalize("NFD", "é").encode())
