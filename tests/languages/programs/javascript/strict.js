"use strict"; console.log(this); try { y = 1; } catch (e) { console.log(e.message); } (function () { console.log(this); })(); undeclared2 = 1;
