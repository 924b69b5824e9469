#include <algorithm>
#include <iostream>
#include <iterator>
#include <numeric>
#include <ranges>
#include <vector>

int main() {
    int count;
    std::cin >> count;
    std::vector<long> numbers;
    std::ranges::copy(std::ranges::istream_view<long>(std::cin), std::back_inserter(numbers));
    std::cout << count << ' ' << std::accumulate(numbers.begin(), numbers.end(), 0L) << '\n';
}
