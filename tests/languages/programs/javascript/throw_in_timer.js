setTimeout(() => { undefinedFunction(); }, 1); console.log("first");
