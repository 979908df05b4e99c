#include "core/train/operator_choices.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/json_text.h"
#include "core/base/logging.h"

namespace convoy {
namespace {

std::string text_of_choices(const OperatorChoices& choices) {
  return choices.empty() ? std::string() : json_text(nlohmann::json(choices), 1) + "\n";
}

OperatorChoices choices_from(const std::string& text) {
  if (text.empty()) return {};
  try {
    return parse_json(text).get<OperatorChoices>();
  } catch (const nlohmann::json::exception& error) {
    throw CheckpointError(fmt::format("{} of the checkpoint is damaged: {}", kOperatorsFile, error.what()));
  }
}

}  // namespace

std::string settle_operators(Ops& ops, Stream& stream, Communicator& ranks, bool timed, const std::string& recorded) {
  OperatorChoices choices = choices_from(recorded);
  size_t lost = 0;
  if (timed) {
    if (ranks.rank() == 0) {
      lost = ops.adopt(choices);
      ops.choose_by_time(stream);
      choices = ops.choices();
    }
    choices = choices_from(ranks.broadcast_text(text_of_choices(choices), 0));
  }
  if (choices.empty()) return {};
  lost += ops.adopt(choices);
  if (lost > 0)
    logging::warn(
        "rank {}: {} of {} operators cannot be computed here as the run chose them, by another GPU or another "
        "cuBLASLt: "
        "they are computed otherwise, and give other bits",
        ranks.rank(), lost, choices.size());
  return text_of_choices(choices);
}

}  // namespace convoy
