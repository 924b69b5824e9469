const h = require("async_hooks"); console.log(h.executionAsyncId(), h.triggerAsyncId());
const s = new h.AsyncLocalStorage(); s.run(5, () => setTimeout(() => console.log(s.getStore()), 1));
