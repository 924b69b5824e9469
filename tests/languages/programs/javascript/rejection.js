Promise.reject(new RangeError("nobody listens")); setTimeout(() => console.log("not reached"), 50);
