const p = Promise.reject(new Error("late")); process.on("unhandledRejection", () => console.log("seen")); process.on("rejectionHandled", () => console.log("handled"));
setTimeout(() => p.catch(() => console.log("caught")), 5);
