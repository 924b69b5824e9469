try { new ArrayBuffer(2 ** 53); } catch (e) { console.log(e.name, e.message); } "x".repeat(2 ** 30);
