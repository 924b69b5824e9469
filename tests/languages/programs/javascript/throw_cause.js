class MyError extends Error { constructor(m, o) { super(m, o); this.name = "MyError"; this.extra = [1, 2]; } }
try { null.x; } catch (e) { throw new MyError("wrapped", { cause: e }); }
