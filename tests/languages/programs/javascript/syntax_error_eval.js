try { eval("let 1"); } catch (e) { console.log(e.name, e.message); } new Function("return }")();
