console.log("a b".length, eval("1 2"));
