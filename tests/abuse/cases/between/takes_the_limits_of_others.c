// attack: uses in one case what only another case may use
// expect: memory_limit
// tests: [{"args": ["200"], "limits": {"memoryBytes": 402653184}}, {"args": ["200"], "limits": {"memoryBytes": 67108864}}, {"args": ["20"]}]
// cases: ok memory_limit ok
// limits: {"cpuSeconds": 4, "wallSeconds": 30}
// after: each case has limits of its own
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
int main(int count, char **words) {
    (void)count;
    size_t size = strtoul(words[1], NULL, 10) << 20;
    char *area = malloc(size);
    memset(area, 1, size);
    printf("%d\n", area[size / 2]);
}
