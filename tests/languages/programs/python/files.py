import pathlib, tempfile, os, shutil
p = pathlib.Path("d/e"); p.mkdir(parents=True); (p / "f.txt").write_text("hi\n")
print(sorted(map(str, pathlib.Path(".").rglob("*"))), os.stat("main.py").st_size > 0, oct(os.stat("d").st_mode))
with tempfile.NamedTemporaryFile("w+") as f: f.write("x"); f.seek(0); print(f.read(), os.path.dirname(f.name))
shutil.rmtree("d"); print(os.listdir("."))
