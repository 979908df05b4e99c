// Preference pairs (arXiv:2305.18290) as families of language models see them: a sample is two sequences, the chosen
// and the rejected answer behind one prompt, and the loss looks at both.
#pragma once

#include "core/graph/graph.h"
#include "core/layers/language_model_head.h"
#include "core/models/loss.h"
#include "core/models/model_data.h"

namespace convoy {

// The graph's input, (B, 2) f32, and the field of the data: log-probabilities of chosen and rejected answer under the
// reference model.
inline constexpr const char* kReferenceField = "reference";
// Of the graph, (B, 2) f32 each: rewards of chosen and rejected answer, and their log-probabilities.
inline constexpr const char *kRewardsOutput = "rewards", *kLogProbabilitiesOutput = "log_probabilities";

// Are the samples pairs?
bool holds_pairs(std::span<const BatchField> fields);

// Throws ConfigError unless the loss is of pairs where the data has pairs, and only there.
void check_pairs(const ModelData& data, const Loss& loss);

// Of tokens and targets: of B samples of T tokens, or of pairs of them.
Shape sequences_shape(int64_t B, int64_t T, const Preference* preference);

// The loss behind x (sequences, T, C), which reads `targets`: of every token, or of pairs.
void add_language_loss(Graph& graph, ValueId x, const LanguageModelHeadOptions& head, const Shape& sequences,
                       const Preference* preference);

}  // namespace convoy
