// attack: replaces its compiled program, by writing, renaming and linking
// expect: accepted
// tests: [{"expected": "honest", "args": ["rename"]}, {"expected": "honest", "args": ["link"]}, {"expected": "honest", "args": ["write"]}, {"expected": "honest", "args": ["folder"]}, {"expected": "honest", "args": ["mode"]}, {"expected": "honest", "args": ["none"]}]
// cases: accepted accepted accepted accepted accepted accepted
// after: the next case runs what the compiler made
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static void cheat(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    write(file, "#!/bin/sh\necho cheated\n", 23);
    close(file);
}
int main(int count, char **words) {
    (void)count;
    puts("honest");
    char path[256] = "";
    readlink("/proc/self/exe", path, sizeof path - 1);
    cheat("/work/cheat");
    if (strcmp(words[1], "rename") == 0) rename("/work/cheat", path);
    if (strcmp(words[1], "mode") == 0) chmod(path, 0);
    if (strcmp(words[1], "write") == 0) {
        unlink(path);
        cheat(path);
        link(path, "/work/other");
    }
    if (strcmp(words[1], "link") == 0) {
        unlink(path);
        symlink("cheat", path);
    }
    if (strcmp(words[1], "folder") == 0) {
        unlink(path);
        mkdir(path, 0);
    }
    chmod("/work", 0);
}
