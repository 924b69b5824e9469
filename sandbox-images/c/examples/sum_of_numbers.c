#include <stdio.h>

int main(void) {
    int count;
    long sum = 0, number;
    scanf("%d", &count);
    for (int i = 0; i < count; i++) {
        scanf("%ld", &number);
        sum += number;
    }
    printf("%d %ld\n", count, sum);
}
