// token_ids TOKENIZER TEXT OUT [STEPS]: writes the tokens of a text file to OUT, 32 bits each, as this library encodes it.
// With STEPS it encodes it so often, with a new encoder each time, and prints a line that begins with "step " after each.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>

#include "core/base/files.h"
#include "datasets/tokenizers/load_tokenizer.h"

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::fprintf(stderr, "usage: token_ids TOKENIZER TEXT OUT [STEPS]\n");
    return 2;
  }
  const auto tokenizer = convoy::load_tokenizer(argv[1]);
  const std::string text = convoy::read_file(argv[2]);
  std::vector<int32_t> tokens;
  const int steps = argc > 4 ? std::atoi(argv[4]) : 1;
  for (int step = 0; step < steps; ++step) {
    tokens = tokenizer->encode(text);
    if (argc > 4) std::printf("step %d\n", step), std::fflush(stdout);
  }
  std::ofstream(argv[3], std::ios::binary)
      .write(reinterpret_cast<const char*>(tokens.data()), static_cast<std::streamsize>(4 * tokens.size()));
} catch (const std::exception& error) {
  std::fprintf(stderr, "token_ids: %s\n", error.what());
  return 1;
}
