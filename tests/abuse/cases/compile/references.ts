// attack: refers to files of the host and to one without end
// expect: compile_error
// compile_stderr: ^(?!.*root:)
// after: worker and neighbours unharmed, container gone
/// <reference path="/etc/shadow" />
/// <reference path="/dev/zero" />
/// <reference path="/proc/self/environ" />
/// <reference types="../../../../etc/passwd" />
import secret from '/etc/shadow';
console.log(secret);
