#include "core/models/gpt2_config_json.h"

#include <nlohmann/json.hpp>

#include "core/base/json_text.h"

namespace convoy {

std::string gpt2_config_json(const Gpt2Config& model, int32_t end_of_text) {
  // null, since Hugging Face's default is token 50256, which a smaller vocabulary does not have.
  const nlohmann::ordered_json end_token =
      end_of_text < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(end_of_text);
  const nlohmann::ordered_json json = {
      {"architectures", {"GPT2LMHeadModel"}},
      {"model_type", "gpt2"},
      {"activation_function", "gelu_new"},
      {"n_layer", model.layers},
      {"n_head", model.heads},
      {"n_embd", model.channels},
      {"n_inner", nullptr},
      {"n_positions", model.context},
      {"n_ctx", model.context},
      {"vocab_size", model.vocabulary},
      {"attn_pdrop", model.dropout},
      {"embd_pdrop", model.dropout},
      {"resid_pdrop", model.dropout},
      {"layer_norm_epsilon", 1e-5},
      {"initializer_range", 0.02},
      {"scale_attn_weights", true},
      {"tie_word_embeddings", true},
      {"use_cache", true},
      {"bos_token_id", end_token},
      {"eos_token_id", end_token},
      {"torch_dtype", model.dtype == DType::bf16 ? "bfloat16" : "float32"},
  };
  return json_text(json, 2) + "\n";
}

}  // namespace convoy
