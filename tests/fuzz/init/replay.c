/* Runs every input in the files named on the command line: for compilers that bring no fuzzer of their own. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
    static uint8_t data[1 << 20];
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return 2;
        }
        fprintf(stderr, "%s\n", argv[i]); /* the last word before a crash */
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        uint8_t *exact = malloc(size ? size : 1); /* so that a read beyond its end is seen */
        if (!exact) return 2;
        for (size_t at = 0; at < size; at++) exact[at] = data[at];
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    printf("%d inputs\n", argc - 1);
    return 0;
}
