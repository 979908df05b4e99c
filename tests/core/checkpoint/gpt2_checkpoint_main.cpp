// Writes a GPT-2 of random weights as Hugging Face lays it out: gpt2_checkpoint FOLDER f32|bf16, for
// tests/reference/check_huggingface.py.
#include <fmt/format.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "core/checkpoint/safetensors.h"
#include "core/models/gpt2_config_json.h"

namespace convoy {
namespace {

constexpr int64_t L = 2, H = 2, C = 16, T = 8, V = 20;

// Every weight of the model and its shape; linear layers are (inputs, outputs), as GPT-2's Conv1D wants.
std::vector<std::pair<std::string, Shape>> gpt2_weights() {
  std::vector<std::pair<std::string, Shape>> weights{{"wte.weight", {V, C}}, {"wpe.weight", {T, C}}};
  for (int64_t layer = 0; layer < L; ++layer)
    for (const auto& [name, shape] : std::vector<std::pair<std::string, Shape>>{{"ln_1.weight", {C}},
                                                                                {"ln_1.bias", {C}},
                                                                                {"attn.c_attn.weight", {C, 3 * C}},
                                                                                {"attn.c_attn.bias", {3 * C}},
                                                                                {"attn.c_proj.weight", {C, C}},
                                                                                {"attn.c_proj.bias", {C}},
                                                                                {"ln_2.weight", {C}},
                                                                                {"ln_2.bias", {C}},
                                                                                {"mlp.c_fc.weight", {C, 4 * C}},
                                                                                {"mlp.c_fc.bias", {4 * C}},
                                                                                {"mlp.c_proj.weight", {4 * C, C}},
                                                                                {"mlp.c_proj.bias", {C}}})
      weights.emplace_back(fmt::format("h.{}.{}", layer, name), shape);
  weights.emplace_back("ln_f.weight", Shape{C});
  weights.emplace_back("ln_f.bias", Shape{C});
  return weights;
}

template <class Real>
void write(const std::filesystem::path& folder) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.5f);
  std::vector<std::vector<Real>> memory;
  std::vector<NamedTensor> tensors;
  for (const auto& [name, shape] : gpt2_weights()) {
    std::vector<Real>& values = memory.emplace_back(static_cast<size_t>(shape.elements()));
    for (Real& value : values) value = Real(normal(random));
    tensors.push_back({"transformer." + name, {values.data(), dtype_of<Real>, shape}});
  }
  std::filesystem::create_directories(folder);
  write_safetensors(folder / "model.safetensors", tensors);
  write_file_atomically(folder / "config.json", gpt2_config_json({L, H, C, T, V, 0.1, dtype_of<Real>}, 0));
}

}  // namespace
}  // namespace convoy

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  if (std::string(argv[2]) == "bf16") {
    convoy::write<convoy::bf16>(argv[1]);
  } else {
    convoy::write<float>(argv[1]);
  }
}
