console.log("naïve 日本語 🎉", "\u202e", "\ud800", Buffer.from("🎉"), encodeURIComponent("ä"), "é".normalize("NFD").length);
