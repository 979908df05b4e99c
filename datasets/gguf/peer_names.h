// Names of weights in GGUF files and in Hugging Face's folders.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace convoy {

// "blk.3.attn_q.weight" -> "model.layers.3.self_attn.q_proj.weight"; absent: none that is known.
// norms_behind: GLM-4's blocks have norms behind their branches as well.
std::optional<std::string> peer_name(std::string_view gguf_name, bool norms_behind);
// The other way.
std::optional<std::string> gguf_name(std::string_view peer_name, bool norms_behind);

}  // namespace convoy
