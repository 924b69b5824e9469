import code
code.InteractiveConsole({"a": 5}).interact(banner="hello", exitmsg="bye")
