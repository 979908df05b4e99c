#include "launcher/config/presets.h"

#include <array>

namespace convoy {
namespace {

struct Preset {
  std::string_view name;
  int64_t layers, heads, channels;
};

// The four models of GPT-2, all with a context of 1024 tokens.
constexpr std::array kPresets = {
    Preset{"gpt2-124m", 12, 12, 768},
    Preset{"gpt2-350m", 24, 16, 1024},
    Preset{"gpt2-774m", 36, 20, 1280},
    Preset{"gpt2-1558m", 48, 25, 1600},
};

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  names.reserve(kPresets.size());
  for (const Preset& preset : kPresets) names.emplace_back(preset.name);
  return names;
}

bool apply_preset(std::string_view name, ModelConfig& model) {
  for (const Preset& preset : kPresets) {
    if (preset.name != name) continue;
    model.family = "gpt2";
    model.layers = preset.layers;
    model.heads = preset.heads;
    model.channels = preset.channels;
    model.context = 1024;
    return true;
  }
  return false;
}

}  // namespace convoy
