#include <algorithm>
#include <clocale>
#include <iostream>
#include <string>

int main() {
    std::setlocale(LC_ALL, "");
    std::ios::sync_with_stdio(true);
    std::wstring line;
    while (std::getline(std::wcin, line)) {
        std::reverse(line.begin(), line.end());
        std::wcout << line << L' ' << line.size() << L'\n';
    }
}
