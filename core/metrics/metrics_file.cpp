#include "core/metrics/metrics_file.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/json_text.h"
#include "core/base/logging.h"
#include "core/metrics/matrix_json.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

double number(const Json& json, const char* key) {
  const auto found = json.find(key);
  const bool there = found != json.end() && found->is_number();
  return there ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

int64_t integer(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

// Which of the units a line counts in; prefix: what stands before it.
std::string unit_of(const Json& json, const std::string& prefix) {
  return json.contains(prefix + kSamples) ? kSamples : kTokens;
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The line's object, if it is one with a step.
std::optional<Json> parse_line(std::string_view line) {
  try {
    Json json = parse_ordered_json(line);
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number_integer()) return std::nullopt;
    return json;
  } catch (const Json::parse_error&) {
    return std::nullopt;
  }
}

StepMetrics step_from(const Json& json) {
  StepMetrics metrics;
  metrics.step = integer(json, "step");
  metrics.loss = number(json, "loss");
  metrics.lr = number(json, "lr");
  metrics.grad_norm = number(json, "grad_norm");
  metrics.unit = unit_of(json, "");
  metrics.tokens = integer(json, metrics.unit.c_str());
  metrics.step_ms = number(json, "step_ms");
  metrics.tokens_per_s = number(json, (metrics.unit + "_per_s").c_str());
  metrics.data_wait_ms = number(json, "data_wait_ms");
  metrics.comm_exposed_ms = number(json, "comm_exposed_ms");
  metrics.mfu = number(json, "mfu");
  metrics.memory_bytes = static_cast<size_t>(integer(json, "memory_bytes"));
  metrics.skipped_steps = integer(json, "skipped_steps");
  metrics.rollbacks = integer(json, "rollbacks");
  if (json.contains("epoch")) metrics.epoch = number(json, "epoch");
  return metrics;
}

RollbackMetrics rollback_from(const Json& json) {
  return {integer(json, "step"), integer(json, "rollback_from"), number(json, "rollback_loss"),
          integer(json, "samples"), integer(json, "rollbacks")};
}

DataChangeMetrics data_change_from(const Json& json) {
  return {integer(json, "step"), text_of(json, "data_before"), text_of(json, "data")};
}

// Calls visit(line without newline, object or nothing); a last line without newline is torn, and nothing.
template <class Visit>
void for_each_line(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    visit(line, end == std::string_view::npos ? std::nullopt : parse_line(line));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

constexpr const char *kEpoch = "epoch", *kFinalStep = "final_step";

// A checkpoint knows the changes before its step; one after it was made by a start that came to no other checkpoint.
// What a run came to is found out again at its end.
bool is_done_again(const Json& json, int64_t resumed_step, int64_t rollbacks) {
  const int64_t step = integer(json, "step");
  return step > resumed_step || integer(json, "rollbacks") > rollbacks ||
         (step == resumed_step && (json.contains("data_before") || json.contains(kFinalStep)));
}

// Rewrites the file without what a resumed run will do again.
const std::filesystem::path& cut_after(const std::filesystem::path& path, int64_t resumed_step, int64_t rollbacks) {
  if (!is_there(path)) return path;
  const std::string text = read_file(path);
  std::string kept;
  int64_t torn = 0;
  for_each_line(text, [&](std::string_view line, const std::optional<Json>& json) {
    if (!json) ++torn;
    if (json && !is_done_again(*json, resumed_step, rollbacks)) kept.append(line).push_back('\n');
  });
  if (torn > 0) logging::warn("{}: {} torn lines were removed", path.string(), torn);
  if (kept != text) write_file_atomically(path, kept);
  return path;
}

const std::string kEvaluated = "eval_";

// prefix: what stands before the keys, "eval_" or "test_".
void add_evaluation(Json& json, const std::string& prefix, const EvaluationMetrics& metrics) {
  json[prefix + "loss"] = metrics.loss;
  json[prefix + metrics.unit] = metrics.tokens;
  json[prefix + "ms"] = metrics.ms;
  for (const auto& [name, value] : metrics.metrics) json[prefix + name] = value;
  for (const auto& [name, matrix] : metrics.matrices) json[prefix + name] = matrix_json(matrix);
}

EvaluationMetrics evaluation_from(const Json& json, const std::string& prefix) {
  const std::string loss = prefix + "loss", ms = prefix + "ms";
  EvaluationMetrics evaluation{.step = integer(json, "step"), .loss = number(json, loss.c_str())};
  evaluation.unit = unit_of(json, prefix);
  const std::string counted = prefix + evaluation.unit;
  evaluation.tokens = integer(json, counted.c_str());
  evaluation.ms = number(json, ms.c_str());
  if (json.contains(kEpoch)) evaluation.epoch = number(json, kEpoch);
  for (const auto& [key, value] : json.items()) {
    if (!key.starts_with(prefix) || key == loss || key == counted || key == ms) continue;
    const std::string name = key.substr(prefix.size());
    if (!value.is_array())
      evaluation.metrics.emplace_back(name, number(json, key.c_str()));
    else if (auto matrix = matrix_from(value))
      evaluation.matrices.emplace_back(name, std::move(*matrix));
  }
  return evaluation;
}

FinalMetrics final_from(const Json& json) {
  FinalMetrics final{.step = integer(json, "step"), .weights_step = integer(json, kFinalStep)};
  for (const char* split : {"validation", "test"}) {
    if (!json.contains(std::string(split) + "_loss")) continue;
    final.splits.emplace_back(split, evaluation_from(json, std::string(split) + "_"));
    final.splits.back().second.step = final.weights_step;
  }
  return final;
}

}  // namespace

std::string metrics_line(const StepMetrics& metrics) {
  Json json = {{"step", metrics.step},
               {"loss", metrics.loss},
               {"lr", metrics.lr},
               {"grad_norm", metrics.grad_norm},
               {metrics.unit, metrics.tokens},
               {"step_ms", metrics.step_ms},
               {metrics.unit + "_per_s", metrics.tokens_per_s},
               {"data_wait_ms", metrics.data_wait_ms},
               {"comm_exposed_ms", metrics.comm_exposed_ms},
               {"mfu", metrics.mfu},
               {"memory_bytes", metrics.memory_bytes}};
  if (metrics.skipped_steps > 0) json["skipped_steps"] = metrics.skipped_steps;
  if (metrics.rollbacks > 0) json["rollbacks"] = metrics.rollbacks;
  if (metrics.epoch > 0) json[kEpoch] = metrics.epoch;
  return json_text(json) + "\n";
}

std::string metrics_line(const RollbackMetrics& metrics) {
  const Json json = {{"step", metrics.step},
                     {"rollback_from", metrics.from_step},
                     {"rollback_loss", metrics.loss},
                     {"samples", metrics.samples},
                     {"rollbacks", metrics.rollbacks}};
  return json_text(json) + "\n";
}

std::string metrics_line(const DataChangeMetrics& metrics) {
  const Json json = {{"step", metrics.step}, {"data_before", metrics.before}, {"data", metrics.after}};
  return json_text(json) + "\n";
}

std::string metrics_line(const EvaluationMetrics& metrics) {
  Json json = {{"step", metrics.step}};
  add_evaluation(json, kEvaluated, metrics);
  if (metrics.epoch > 0) json[kEpoch] = metrics.epoch;
  return json_text(json) + "\n";
}

std::string metrics_line(const FinalMetrics& metrics) {
  Json json = {{"step", metrics.step}, {kFinalStep, metrics.weights_step}};
  for (const auto& [split, evaluation] : metrics.splits) add_evaluation(json, split + "_", evaluation);
  return json_text(json) + "\n";
}

MetricsHistory parse_metrics(std::string_view text) {
  MetricsHistory history;
  for_each_line(text, [&](std::string_view, const std::optional<Json>& json) {
    if (!json) return;
    if (json->contains("eval_loss")) {
      history.evaluations.push_back(evaluation_from(*json, kEvaluated));
    } else if (json->contains(kFinalStep)) {
      history.final = final_from(*json);
    } else if (json->contains("rollback_from")) {
      history.rollbacks.push_back(rollback_from(*json));
    } else if (json->contains("data_before")) {
      history.data_changes.push_back(data_change_from(*json));
    } else {
      history.steps.push_back(step_from(*json));
    }
  });
  return history;
}

const std::string& MetricsHistory::data_of(int64_t step, const std::string& otherwise) const {
  if (data_changes.empty()) return otherwise;
  const std::string* data = &data_changes.front().before;
  for (const DataChangeMetrics& change : data_changes)
    if (change.step < step) data = &change.after;
  return *data;
}

MetricsHistory read_metrics(const std::filesystem::path& path) { return parse_metrics(read_file(path)); }

MetricsFile::MetricsFile(const std::filesystem::path& path, int64_t resumed_step, int64_t rollbacks)
    : file_(cut_after(path, resumed_step, rollbacks)) {}

// In place, since a full disk may have no room for a copy. The lines are in order: what goes is the end.
void MetricsFile::on_rollback(const RollbackMetrics& metrics) {
  try {
    const std::string text = read_file(file_.path());
    size_t kept = 0, end = 0;
    for_each_line(text, [&](std::string_view line, const std::optional<Json>& json) {
      end += line.size() + 1;
      if (json && integer(*json, "step") <= metrics.step) kept = end;
    });
    file_.cut(static_cast<int64_t>(kept));
  } catch (const FileError& error) {
    logging::warn("metrics keep steps that were undone: {}", error.what());
  }
  file_.append(metrics_line(metrics));
}

}  // namespace convoy
