#include "core/models/gpt2.h"

#include <fmt/format.h>

#include <cmath>

#include "core/layers/attention.h"
#include "core/layers/embedding.h"
#include "core/layers/language_model_head.h"
#include "core/layers/linear.h"
#include "core/layers/mlp.h"
#include "core/layers/norm.h"
#include "core/models/preference.h"

namespace convoy {
namespace {

constexpr float kStddev = 0.02f;
constexpr const char* kTokenTable = "transformer.wte.weight";

class Gpt2Builder {
 public:
  explicit Gpt2Builder(const Gpt2Config& config, int64_t kept = 0)
      : c_(config), kept_(kept > 0 ? kept : config.context) {}

  void add_starts(int64_t B, int64_t T) { starts_ = graph.add_input("starts", {DType::i32, {B, T}}); }

  // The graph up to the final norm; returns what the head reads.
  ValueId body(const Shape& sequences) {
    const ValueId tokens = graph.add_input("tokens", {DType::i32, sequences});
    ValueId residual = graph.add("transformer.wte", make<Embedding>(embedding()), with_starts(tokens))[0];
    ValueId branch = -1;
    for (int64_t layer = 0; layer < c_.layers; ++layer) {
      graph.begin_block(static_cast<int>(layer));
      std::tie(residual, branch) = block(static_cast<int>(layer), residual, branch);
    }
    graph.begin_block(-1);
    return norm("transformer.ln_f", residual, branch).second;
  }

  LanguageModelHeadOptions head() const { return {kTokenTable, c_.vocabulary, c_.channels, kStddev}; }

  Graph graph;

 private:
  template <class L, class Options>
  static std::unique_ptr<Layer> make(Options options) {
    return std::make_unique<L>(std::move(options));
  }

  float dropout() const { return static_cast<float>(c_.dropout); }

  std::vector<ValueId> with_starts(ValueId x) const { return starts_ >= 0 ? std::vector{x, starts_} : std::vector{x}; }

  EmbeddingOptions embedding() {
    return {kTokenTable, "transformer.wpe.weight", c_.vocabulary, c_.channels, c_.context, c_.dtype, kStddev,
            dropout(),   dropout_number_++};
  }

  // (residual, branch) -> (residual, branch), the branch not yet added: the next norm adds it.
  std::pair<ValueId, ValueId> block(int layer, ValueId residual, ValueId branch) {
    const std::string name = fmt::format("transformer.h.{}", layer);
    const int64_t C = c_.channels;
    // Each of 2 L branches adds to the residual stream: their last products start smaller, so that its variance does
    // not grow with depth.
    const float residual_stddev = kStddev / std::sqrt(2.0f * static_cast<float>(c_.layers));
    const auto attend = norm(name + ".ln_1", residual, branch);
    const auto qkv = linear(name + ".attn.c_attn", attend.second, C, 3 * C, kStddev);
    const auto mixed = graph.add(
        name + ".attn",
        make<SelfAttention>(AttentionOptions{name + ".attn", C, c_.heads, kept_, dropout(), dropout_number_++}),
        with_starts(qkv))[0];
    const auto projected = linear(name + ".attn.c_proj", mixed, C, C, residual_stddev);
    const auto think = norm(name + ".ln_2", attend.first, projected);
    const MlpOptions mlp{name + ".mlp.c_fc", name + ".mlp.c_proj", C, 4 * C, Activation::gelu_tanh, kStddev,
                         residual_stddev};
    return {think.first, graph.add(name + ".mlp", make<Mlp>(mlp), {think.second})[0]};
  }

  ValueId linear(const std::string& name, ValueId x, int64_t Cin, int64_t Cout, float stddev) {
    return graph.add(name, make<Linear>(LinearOptions{name, Cin, Cout, stddev}), {x})[0];
  }

  std::pair<ValueId, ValueId> norm(const std::string& name, ValueId residual, ValueId branch) {
    const bool has_branch = branch >= 0;
    const NormOptions options{name, NormKind::layer, c_.channels, has_branch, dropout(), dropout_number_++};
    auto inputs = has_branch ? std::vector{residual, branch} : std::vector{residual};
    const auto outputs = graph.add(name, make<Norm>(options), inputs);
    return {outputs[0], outputs[1]};
  }

  Gpt2Config c_;
  ValueId starts_ = -1;
  int64_t kept_;
  uint32_t dropout_number_ = 0;
};

}  // namespace

Graph gpt2_loss_graph(const Gpt2Config& config, int64_t B, int64_t T, bool documents, const Preference* preference) {
  Gpt2Builder builder(config);
  if (documents) builder.add_starts(B, T);
  const Shape sequences = sequences_shape(B, T, preference);
  const ValueId x = builder.body(sequences);
  add_language_loss(builder.graph, x, builder.head(), sequences, preference);
  return std::move(builder.graph);
}

Graph gpt2_logits_graph(const Gpt2Config& config, int64_t B, int64_t T, int64_t kept) {
  Gpt2Builder builder(config, kept);
  const ValueId x = builder.body({B, T});
  Graph& graph = builder.graph;
  graph.set_result(graph.add("lm_head", std::make_unique<LastLogits>(builder.head()), {x})[0]);
  return std::move(graph);
}

}  // namespace convoy
