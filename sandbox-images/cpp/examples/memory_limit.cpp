#include <vector>

int main() {
    std::vector<int> numbers;
    for (int i = 0;; i++) numbers.push_back(i);
}
