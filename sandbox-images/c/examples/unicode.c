#include <locale.h>
#include <stdio.h>
#include <wchar.h>

int main(void) {
    wchar_t line[100];
    setlocale(LC_ALL, "");
    while (fgetws(line, 100, stdin)) {
        size_t length = wcscspn(line, L"\n");
        for (size_t i = length; i > 0; i--) putwchar(line[i - 1]);
        wprintf(L" %zu\n", length);
    }
}
