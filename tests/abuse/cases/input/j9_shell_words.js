// attack: has words in it that a shell or a format would take
// expect: ok
// stdout_repr: "$(id) `id` ${HOME} ; rm -rf / & | > < ' %s %n {} !! ~ * ? #\n"
// after: worker and neighbours unharmed, container gone
console.log('%s', "$(id) `id` ${HOME} ; rm -rf / & | > < ' %s %n {} !! ~ * ? #");
