const d = new Date(Date.UTC(2024, 1, 29, 12)); console.log(d, d.toString(), d.toLocaleString("de-DE", { timeZone: "Asia/Tokyo" }), Intl.DateTimeFormat().resolvedOptions().timeZone);
console.log(new Intl.NumberFormat("en-IN").format(1234567.891), "ä".localeCompare("z", "sv"), "İ".toLowerCase().length, new Intl.PluralRules("ar").select(3));
