// What a fuzzer needs of a reader of untrusted bytes. Each target is a file that defines both of these; libFuzzer
// (clang -fsanitize=fuzzer) drives it, or mutation_driver.cpp where there is only g++.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

// Gives the bytes to the reader. What it refuses in words is fine; any other end is a find.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes);

namespace convoy {

// Good inputs to begin with.
std::vector<std::string> fuzz_seeds();

// work(), where the errors that bad data may end in are expected.
void refused_in_words(const std::function<void()>& work);

// A file in memory with these bytes, which has a path for as long as it lives.
class FuzzFile {
 public:
  FuzzFile(const uint8_t* data, size_t bytes);
  ~FuzzFile();
  FuzzFile(const FuzzFile&) = delete;
  FuzzFile& operator=(const FuzzFile&) = delete;
  std::string path() const;

 private:
  int descriptor_;
};

}  // namespace convoy
