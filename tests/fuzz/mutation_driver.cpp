// Drives a target without libFuzzer: mutates its seeds, and what came of them, by a generator that gives the same
// inputs every time.
//
// Usage: TARGET [SECONDS [SEED]]    or: TARGET FILE...    or: TARGET --write-seeds FOLDER   (a corpus for libFuzzer)
// An input that ends the program is left as fuzz-crash.bin in the working folder.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <span>

#include "tests/fuzz/fuzz_target.h"

namespace {

constexpr size_t kMostBytes = 1 << 16;
constexpr rlim_t kMemoryBytes = rlim_t{6} << 30;  // beyond it an allocation fails, which is a find
constexpr int kSlowSeconds = 20;

std::string current;  // what a crash is told of

void on_crash(int signal) {
  const int file = ::open("fuzz-crash.bin", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  const ssize_t written = ::write(file, current.data(), current.size());
  static_cast<void>(written);
  ::close(file);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const std::string& input) {
  current = input;
  ::alarm(kSlowSeconds);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  ::alarm(0);
}

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  std::string from(std::span<const std::string> inputs) {
    std::string input = inputs[below(inputs.size())];
    for (size_t changes = 1 + below(4); changes > 0; --changes) change(input, inputs);
    if (input.size() > kMostBytes) input.resize(kMostBytes);
    return input;
  }
  size_t below(size_t limit) { return limit == 0 ? 0 : static_cast<size_t>(random_() % limit); }

 private:
  void change(std::string& input, std::span<const std::string> inputs) {
    const size_t at = below(input.size() + 1);
    switch (below(8)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ 1 << below(8));
        break;
      case 1:
        if (at < input.size()) input[at] = static_cast<char>(random_());
        break;
      case 2:
        input.insert(at, 1 + below(8), static_cast<char>(random_()));
        break;
      case 3:
        input.erase(at, 1 + below(16));
        break;
      case 4:
        input.resize(at);
        break;
      case 5:
        set_number(input, at);
        break;
      case 6:
        input.insert(at, input.substr(below(input.size() + 1), below(64)));
        break;
      default: {
        const std::string& other = inputs[below(inputs.size())];
        input = input.substr(0, at) + other.substr(below(other.size() + 1));
      }
    }
  }
  // Numbers that are wrong by one or much too large, of 1, 2, 4 or 8 bytes in either order.
  void set_number(std::string& input, size_t at) {
    constexpr uint64_t kNumbers[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, ~uint64_t{0}};
    const uint64_t number = kNumbers[below(std::size(kNumbers))];
    const size_t bytes = size_t{1} << below(4);
    const bool big_endian = below(2) == 1;
    for (size_t i = 0; i < bytes && at + i < input.size(); ++i)
      input[at + i] = static_cast<char>(number >> 8 * (big_endian ? bytes - 1 - i : i));
  }

  std::mt19937_64 random_;
};

std::string contents_of(const char* file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int write_seeds(const std::string& folder) {
  int count = 0;
  for (const std::string& seed : convoy::fuzz_seeds())
    std::ofstream(folder + "/seed-" + std::to_string(count++), std::ios::binary) << seed;
  return count > 0 ? 0 : 1;
}

int fuzz(double seconds, uint64_t seed) {
  std::vector<std::string> inputs = convoy::fuzz_seeds();
  for (const std::string& input : inputs) run(input);
  Mutator mutator(seed);
  int64_t runs = 0;
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
    std::string input = mutator.from(inputs);
    run(input);
    // Some of what was tried is changed further.
    if (++runs % 50 == 0 && inputs.size() < 500) inputs.push_back(std::move(input));
  }
  std::printf("%lld inputs in %.0f s\n", static_cast<long long>(runs), seconds);
  return runs > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(signal, on_crash);
#ifndef __SANITIZE_ADDRESS__
  const rlimit memory{kMemoryBytes, kMemoryBytes};
  ::setrlimit(RLIMIT_AS, &memory);
#endif
  const std::string first = argc > 1 ? argv[1] : "3";
  if (first == "--write-seeds") return argc > 2 ? write_seeds(argv[2]) : 2;
  if (::access(first.c_str(), R_OK) == 0) {
    for (int i = 1; i < argc; ++i) run(contents_of(argv[i]));
    return 0;
  }
  return fuzz(std::atof(first.c_str()), argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
}
