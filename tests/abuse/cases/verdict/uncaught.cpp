// attack: throws what nobody catches, from a destructor while another is thrown
// expect: runtime_error
// signal: SIGABRT
// stderr: terminate called
// after: worker and neighbours unharmed, container gone
struct Bad {
    ~Bad() noexcept(false) { throw 2; }
};
int main() {
    Bad bad;
    throw 1;
}
