#include "kernels/cuda/product_choice.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <sstream>

#include "core/base/error.h"

namespace convoy::cuda {
namespace {

constexpr std::array<const char*, 3> kWayNames = {"fused", "fused_sums", "apart"};

[[noreturn]] void no_choice(std::string_view text) {
  throw InternalError(fmt::format("\"{}\" says no way to compute a product", text));
}

std::string hex_of(const cublasLtMatmulAlgo_t& algorithm) {
  std::string hex;
  for (const uint64_t word : algorithm.data) hex += fmt::format("{:016x}", word);
  return hex;
}

cublasLtMatmulAlgo_t algorithm_of(std::string_view hex, std::string_view text) {
  constexpr size_t kDigits = 16;
  cublasLtMatmulAlgo_t algorithm{};
  if (hex.size() != kDigits * std::size(algorithm.data) ||
      hex.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    no_choice(text);
  for (uint64_t& word : algorithm.data) {
    word = std::stoull(std::string(hex.substr(0, kDigits)), nullptr, 16);
    hex.remove_prefix(kDigits);
  }
  return algorithm;
}

}  // namespace

std::string ProductChoice::text() const {
  std::string text = kWayNames[static_cast<size_t>(way)];
  for (const ProductAlgorithm& chosen : algorithms) text += fmt::format(" {}", hex_of(chosen.algorithm));
  return text;
}

ProductChoice ProductChoice::parse(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string word;
  words >> word;
  ProductChoice choice;
  size_t way = 0;
  while (way < kWayNames.size() && word != kWayNames[way]) ++way;
  if (way == kWayNames.size()) no_choice(text);
  choice.way = static_cast<ProductWay>(way);
  while (words >> word) choice.algorithms.push_back({algorithm_of(word, text), 0});
  return choice;
}

}  // namespace convoy::cuda
