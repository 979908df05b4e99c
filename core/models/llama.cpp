#include "core/models/llama.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/layers/attention.h"
#include "core/layers/embedding.h"
#include "core/layers/gated_mlp.h"
#include "core/layers/language_model_head.h"
#include "core/layers/linear.h"
#include "core/layers/norm.h"
#include "core/layers/rotary_projection.h"
#include "core/models/preference.h"

namespace convoy {
namespace {

constexpr float kInitialStddev = 0.02f;
constexpr const char* kTokenEmbedding = "model.embed_tokens.weight";

// Parameters that are one here and several at the peer: the rows of each.
class LlamaStorage {
 public:
  explicit LlamaStorage(const LlamaConfig& c)
      : queries_(c.heads * c.head_dim),
        keys_(c.kv_heads * c.head_dim),
        hidden_(c.hidden),
        // GLM has gates and values as one.
        joint_(c.rotary.layout == RotaryLayout::interleaved) {}

  std::vector<StoredPiece> operator()(const ParameterSpec& parameter) const {
    const std::string& name = parameter.name;
    if (const size_t at = name.find("qkv_proj"); at != std::string::npos)
      return pieces(name, at, "qkv_proj", {{"q_proj", queries_}, {"k_proj", keys_}, {"v_proj", keys_}});
    if (const size_t at = name.find("gate_up_proj"); at != std::string::npos && !joint_)
      return pieces(name, at, "gate_up_proj", {{"gate_proj", hidden_}, {"up_proj", hidden_}});
    return {};
  }

 private:
  struct Rows {
    std::string_view name;
    int64_t count;
  };
  static std::vector<StoredPiece> pieces(const std::string& name, size_t at, std::string_view joint,
                                         std::initializer_list<Rows> parts) {
    std::vector<StoredPiece> result;
    int64_t row = 0;
    for (const Rows& part : parts) {
      result.push_back({std::string(name).replace(at, joint.size(), part.name), row, part.count, false});
      row += part.count;
    }
    return result;
  }

  int64_t queries_, keys_, hidden_;
  bool joint_;
};

class LlamaBuilder {
 public:
  explicit LlamaBuilder(const LlamaConfig& config, int64_t kept = 0)
      : c_(config),
        kept_(kept > 0 ? kept : config.context),
        rotary_(rotary_shape(c_.rotary, c_.heads, c_.kv_heads, c_.head_dim, c_.context)),
        // Each of 2 L branches adds to the residual stream: their last products start smaller, so that its variance
        // does not grow with depth.
        residual_stddev_(kInitialStddev / std::sqrt(2.0f * static_cast<float>(c_.layers))) {
    rotary_.eps = static_cast<float>(c_.norm_eps);
    graph.store_as(LlamaStorage(c_));
  }

  void add_starts(int64_t B, int64_t T) { starts_ = graph.add_input("starts", {DType::i32, {B, T}}); }

  void add_prefix_ends(const Shape& sequences) {
    prefix_ends_ = graph.add_input("prefix_ends", {DType::i32, sequences});
  }
  // Tokens of a pass are a prompt, or one token behind all that are known.
  void see_all() { causal_ = false; }

  // The graph up to the final norm; returns what the head reads.
  ValueId body(const Shape& sequences) {
    const ValueId tokens = graph.add_input("tokens", {DType::i32, sequences});
    ValueId residual = add("model.embed_tokens", std::make_unique<Embedding>(embedding()), {tokens})[0];
    ValueId branch = -1;
    for (int64_t layer = 0; layer < c_.layers; ++layer) {
      graph.begin_block(static_cast<int>(layer));
      std::tie(residual, branch) = block(layer, residual, branch);
    }
    graph.begin_block(-1);
    return norm("model.norm", residual, branch).second;
  }

  LanguageModelHeadOptions head() const {
    return {c_.tied ? kTokenEmbedding : "lm_head.weight", c_.vocabulary, c_.channels, kInitialStddev};
  }

  Graph graph;

 private:
  std::vector<ValueId> add(const std::string& name, std::unique_ptr<Layer> layer, std::vector<ValueId> inputs) {
    return graph.add(name, std::move(layer), std::move(inputs));
  }

  std::vector<ValueId> with_starts(ValueId x) const { return starts_ >= 0 ? std::vector{x, starts_} : std::vector{x}; }

  EmbeddingOptions embedding() const {
    EmbeddingOptions options{.token_table = kTokenEmbedding, .position_table = {}};
    options.V = c_.vocabulary, options.C = c_.channels, options.context = c_.context;
    options.dtype = c_.dtype, options.stddev = kInitialStddev;
    return options;
  }

  // (residual, branch) -> (residual, branch), the branch not yet added: the next norm adds it.
  std::pair<ValueId, ValueId> block(int64_t layer, ValueId residual, ValueId branch) {
    const std::string name = fmt::format("model.layers.{}", layer);
    const auto attend = norm(name + ".input_layernorm", residual, branch);
    ValueId mixed = attention(layer, name + ".self_attn", attend.second);
    if (c_.post_norms) mixed = norm(name + ".post_self_attn_layernorm", mixed, -1).second;
    const auto think = norm(name + ".post_attention_layernorm", attend.first, mixed);
    GatedMlpOptions mlp{name + ".mlp.gate_up_proj", name + ".mlp.down_proj", c_.channels, c_.hidden};
    mlp.stddev_in = kInitialStddev, mlp.stddev_out = residual_stddev_;
    ValueId thought = add(name + ".mlp", std::make_unique<GatedMlp>(mlp), {think.second})[0];
    if (c_.post_norms) thought = norm(name + ".post_mlp_layernorm", thought, -1).second;
    return {think.first, thought};
  }

  ValueId attention(int64_t layer, const std::string& name, ValueId x) {
    RotaryProjectionOptions projection{.name = name + ".qkv_proj", .C = c_.channels, .rotary = rotary_};
    projection.has_bias = c_.qkv_bias;
    projection.stddev = kInitialStddev;
    if (c_.qk_norm) projection.query_norm = name + ".q_norm", projection.key_norm = name + ".k_norm";
    const ValueId qkv = add(name + ".qkv_proj", std::make_unique<RotaryProjection>(projection), with_starts(x))[0];
    AttentionOptions attention{.name = name, .H = c_.heads, .context = kept_};
    attention.Hkv = c_.kv_heads, attention.D = c_.head_dim;
    attention.window = c_.has_window(layer) ? c_.window : 0;
    attention.causal = causal_, attention.prefix_ends = prefix_ends_ >= 0;
    std::vector<ValueId> inputs = with_starts(qkv);
    if (prefix_ends_ >= 0) inputs.push_back(prefix_ends_);
    const ValueId mixed = add(name, std::make_unique<SelfAttention>(attention), std::move(inputs))[0];
    LinearOptions output{name + ".o_proj", c_.heads * c_.head_dim, c_.channels, residual_stddev_};
    output.has_bias = false, output.by_outputs = true;
    return add(name + ".o_proj", std::make_unique<Linear>(output), {mixed})[0];
  }

  // branch: -1 where there is none.
  std::pair<ValueId, ValueId> norm(const std::string& name, ValueId residual, ValueId branch) {
    NormOptions options{name, NormKind::rms, c_.channels, branch >= 0};
    options.eps = static_cast<float>(c_.norm_eps);
    auto inputs = branch >= 0 ? std::vector{residual, branch} : std::vector{residual};
    const auto outputs = add(name, std::make_unique<Norm>(options), std::move(inputs));
    return {outputs[0], outputs[1]};
  }

  LlamaConfig c_;
  ValueId starts_ = -1, prefix_ends_ = -1;
  bool causal_ = true;
  int64_t kept_;
  RotaryShape rotary_;
  float residual_stddev_;
};

}  // namespace

bool LlamaConfig::has_window(int64_t layer) const {
  return window > 0 && (window_layers.empty() || std::ranges::count(window_layers, layer) > 0);
}

LlamaKind kind_of(const LlamaConfig& c) {
  if (c.attention != AttentionMask::causal) return LlamaKind::none;
  const bool windows_everywhere = c.window > 0 && c.window_layers.empty();
  if (c.rotary.layout == RotaryLayout::interleaved) {
    if (c.qk_norm || c.window > 0) return LlamaKind::none;
    return c.post_norms ? LlamaKind::glm4 : LlamaKind::glm;
  }
  if (c.post_norms || c.rotary.fraction != 1) return LlamaKind::none;
  if (c.qk_norm) return c.qkv_bias ? LlamaKind::none : LlamaKind::qwen3;
  if (c.qkv_bias) return c.head_dim * c.heads == c.channels ? LlamaKind::qwen2 : LlamaKind::none;
  if (c.window == 0) return LlamaKind::llama;
  return windows_everywhere ? LlamaKind::mistral : LlamaKind::none;
}

Graph llama_loss_graph(const LlamaConfig& config, int64_t B, int64_t T, bool documents, const Preference* preference) {
  LlamaBuilder builder(config);
  if (documents) builder.add_starts(B, T);
  const Shape sequences = sequences_shape(B, T, preference);
  if (config.attention == AttentionMask::prefix) builder.add_prefix_ends(sequences);
  const ValueId x = builder.body(sequences);
  add_language_loss(builder.graph, x, builder.head(), sequences, preference);
  return std::move(builder.graph);
}

Graph llama_logits_graph(const LlamaConfig& config, int64_t B, int64_t T, int64_t kept) {
  LlamaBuilder builder(config, kept);
  if (config.attention == AttentionMask::prefix) builder.see_all();
  const ValueId x = builder.body({B, T});
  Graph& graph = builder.graph;
  graph.set_result(graph.add("lm_head", std::make_unique<LastLogits>(builder.head()), {x})[0]);
  return std::move(graph);
}

}  // namespace convoy
