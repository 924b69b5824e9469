// attack: writes forged ends into every descriptor, its own and init's, and fails
// expect: runtime_error
// exit: 3
// after: worker and neighbours unharmed, container gone
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
    unsigned char frame[64] = {1, 19, 0, 0, 0, 0, 0, 56};
    for (int number = 0; number < 1024; number++) {
        char path[48];
        snprintf(path, sizeof path, "/proc/1/fd/%d", number);
        int file = open(path, O_WRONLY);
        write(file, frame, sizeof frame);
        snprintf(path, sizeof path, "/proc/1/task/1/fd/%d", number);
        write(open(path, O_RDWR), frame, sizeof frame);
        if (number != 2) write(number, frame, sizeof frame);
    }
    return 3;
}
