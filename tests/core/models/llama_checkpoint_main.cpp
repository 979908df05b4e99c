// Writes a small model of the family llama, of random weights, as Hugging Face lays it out, and prints its loss:
//   llama_checkpoint FOLDER llama|llama3|yarn|mistral|qwen2|qwen3|glm|glm4 TOKEN...
// for tests/reference/check_huggingface.py, which computes the loss of the same tokens, each the next one's context.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/stored_weights.h"
#include "core/models/llama.h"
#include "core/models/llama_config_json.h"
#include "core/parameters/initialise.h"
#include "core/train/model.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

LlamaConfig config_named(const std::string& name) {
  LlamaConfig c{.layers = 3, .heads = 4, .kv_heads = 2, .head_dim = 8, .channels = 32, .hidden = 40};
  c.context = 64, c.vocabulary = 20, c.tied = name == "llama" || name == "qwen3";
  c.rotary.base = 500;
  if (name == "llama3") c.rotary.scaling = RotaryScaling::llama3;
  if (name == "yarn") c.rotary.scaling = RotaryScaling::yarn;
  if (name == "llama3" || name == "yarn") c.rotary.factor = 4, c.rotary.original_context = 16;
  if (name == "mistral") c.window = 3;
  if (name == "qwen2") c.window = 4, c.window_layers = {1}, c.qkv_bias = true;
  if (name == "qwen3") c.qk_norm = true, c.head_dim = 6;
  if (name == "glm" || name == "glm4") c.rotary.layout = RotaryLayout::interleaved, c.rotary.fraction = 0.5;
  if (name == "glm") c.qkv_bias = true;
  if (name == "glm4") c.post_norms = true;
  return c;
}

// Larger than a start's, so that everything that the model computes shows in its loss.
std::vector<float> random_weights(const ParameterLayout& layout) {
  std::vector<float> values(static_cast<size_t>(layout.padded_elements()));
  int number = 0;
  for (const Parameter& p : layout.parameters()) {
    const float added = p.spec.initialisation.kind == Initialisation::Kind::ones ? 1.0f : 0.0f;
    Parameter normal = p;
    normal.spec.initialisation = Initialisation::normal(0.2f);
    const std::vector<float> initial = initial_values(normal, number++, 3);
    for (size_t i = 0; i < initial.size(); ++i) values[static_cast<size_t>(p.offset) + i] = added + initial[i];
  }
  return values;
}

void write(const std::filesystem::path& folder, const LlamaConfig& c, const ParameterLayout& layout,
           std::vector<float>& values) {
  std::vector<NamedTensor> tensors;
  for (const Parameter& p : layout.parameters())
    for (const NamedTensor& piece : stored_weights(p.spec, {values.data() + p.offset, DType::f32, p.spec.shape}))
      tensors.push_back(piece);
  std::filesystem::create_directories(folder);
  write_safetensors(folder / "model.safetensors", tensors);
  write_file_atomically(folder / "config.json", llama_config_json(c, 0));
}

double loss_of(const LlamaConfig& c, const std::vector<int32_t>& tokens, const std::vector<float>& values) {
  Device& device = test::test_device();
  Stream& stream = test::test_stream();
  const auto T = static_cast<int64_t>(tokens.size()) - 1;
  Model model(device, stream, llama_loss_graph(c, 1, T), ModelOptions{.dtype = DType::f32, .states = {}});
  set_weights(model.parameters(), device, stream, values);
  stream.copy(model.training().input("tokens").data, tokens.data(), static_cast<size_t>(T) * 4);
  stream.copy(model.training().input("targets").data, tokens.data() + 1, static_cast<size_t>(T) * 4);
  Pass pass{.ops = device.ops(), .stream = stream, .training = true};
  model.training().run(pass);
  double sum = 0;
  for (const float loss : test::read<float>(model.training().result())) sum += static_cast<double>(loss);
  return sum / static_cast<double>(T);
}

void run(const std::string& folder, const std::string& name, const std::vector<int32_t>& tokens) {
  const LlamaConfig c = config_named(name);
  const ParameterLayout layout(llama_loss_graph(c, 1, static_cast<int64_t>(tokens.size()) - 1), 1);
  std::vector<float> values = random_weights(layout);
  write(folder, c, layout, values);
  fmt::print("loss {:.9g}\n", loss_of(c, tokens, values));
}

}  // namespace
}  // namespace convoy

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  std::vector<int32_t> tokens;
  for (int i = 3; i < argc; ++i) tokens.push_back(std::stoi(argv[i]));
  convoy::run(argv[1], argv[2], tokens);
}
