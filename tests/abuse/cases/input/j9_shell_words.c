// attack: has words in it that a shell or a format would take
// expect: ok
// args: ["$(id)", "`id`", "-o", "../x", "--", "; rm -rf / &", "%s%n", "'", "\"", "\\", "*", "~", "", "\n"]
// stdout_repr: '14\n$(id)\n`id`\n-o\n../x\n--\n; rm -rf / &\n%s%n\n\'\n"\n\\\n*\n~\n\n\n\n'
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
int main(int count, char **words) {
    printf("%d\n", count - 1);
    for (int n = 1; n < count; n++) puts(words[n]);
}
