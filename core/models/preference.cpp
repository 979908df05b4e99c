#include "core/models/preference.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/layers/preference_head.h"

namespace convoy {

bool holds_pairs(std::span<const BatchField> fields) {
  const BatchField* tokens = find_field(fields, "tokens");
  return tokens != nullptr && tokens->shape.dims() == 2 && tokens->shape[0] == 2;
}

void check_pairs(const ModelData& data, const Loss& loss) {
  const bool pairs = holds_pairs(data.fields), wants_pairs = loss.preference() != nullptr;
  if (pairs && !wants_pairs)
    throw ConfigError(
        fmt::format("{} holds preference pairs, and the loss is of single texts; write loss.name=dpo", data.name));
  if (wants_pairs && !pairs)
    throw ConfigError(
        fmt::format("loss.name = dpo learns from preference pairs, and the fields of {} are {}; import records of "
                    "prompt, chosen and rejected with `trainer data import-jsonl`, or leave loss.name out",
                    data.name, field_names(data.fields)));
}

Shape sequences_shape(int64_t B, int64_t T, const Preference* preference) {
  return preference != nullptr ? Shape{B, 2, T} : Shape{B, T};
}

void add_language_loss(Graph& graph, ValueId x, const LanguageModelHeadOptions& head, const Shape& sequences,
                       const Preference* preference) {
  const ValueId targets = graph.add_input("targets", {DType::i32, sequences});
  if (preference == nullptr) {
    graph.set_loss(graph.add("lm_head", std::make_unique<LanguageModelHead>(head), {x, targets}));
    return;
  }
  const ValueId reference = graph.add_input(kReferenceField, {DType::f32, {sequences[0], 2}});
  PreferenceHeadOptions options{head, static_cast<float>(preference->beta),
                                static_cast<float>(preference->label_smoothing)};
  const auto outputs = graph.add("lm_head", std::make_unique<PreferenceHead>(options), {x, targets, reference});
  graph.set_loss(outputs);
  graph.set_output(kRewardsOutput, outputs[PreferenceHead::kRewards]);
  graph.set_output(kLogProbabilitiesOutput, outputs[PreferenceHead::kLogProbabilities]);
  graph.set_sequences_per_sample(2);
}

}  // namespace convoy
