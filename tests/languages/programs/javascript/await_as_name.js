var await = 3; function f(await) { return await + 1; } console.log(await, f(2), typeof module);
