import ast, dis, io
exec(compile("z = 1\nprint(z, __name__)", "<string>", "exec"))
print(eval("z + 1"), ast.dump(ast.parse("a+1", mode="eval")), [i.opname for i in dis.get_instructions(lambda: 1)][-1])
exec("raise ValueError('in exec')")
