new (require("events"))().emit("error", new Error("unhandled event"));
