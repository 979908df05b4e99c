#include "launcher/train/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/comm/work_together.h"
#include "core/config/precision.h"
#include "core/models/preference.h"
#include "core/train/restore.h"
#include "core/train/run_length.h"
#include "core/train/split_outputs.h"
#include "launcher/base_model.h"
#include "launcher/model_and_data.h"
#include "launcher/model_choice.h"
#include "launcher/run_folder.h"

namespace convoy {
namespace {

constexpr BaseWords kWords{"the model that answers are measured against", "the run measures against",
                           "measured against others it would learn something else"};

std::string record_in(const CheckpointReader* checkpoint) {
  return checkpoint != nullptr && checkpoint->has_file(kReferenceFile) ? checkpoint->file(kReferenceFile)
                                                                       : std::string();
}

// Of the model that training begins with: without an adapter.
Config config_of_reference(Config config) {
  config.model.adapter = {};
  return config;
}

// On a terminal a line that is redrawn, elsewhere one now and then.
class ReferenceProgress {
 public:
  ReferenceProgress(Console& console, bool shown) : console_(console), shown_(shown) {}

  void operator()(int64_t done, int64_t all) {
    if (!shown_) return;
    const std::string text = fmt::format("reference log-probabilities: {} of {} pairs", done, all);
    const auto now = std::chrono::steady_clock::now();
    if (console_.has_live_line())
      console_.live(text);
    else if (now - told_ > kBetweenLines) {
      told_ = now;
      console_.line(text);
    }
  }

 private:
  static constexpr std::chrono::seconds kBetweenLines{10};
  Console& console_;
  bool shown_;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

}  // namespace

References::References(Parts parts) : p_(std::move(parts)) {
  if (p_.pairs.empty()) return;
  record_ = record_in(p_.checkpoint);
  if (!record_.empty()) return;
  if (p_.config.model.from.empty())
    throw ConfigError(
        "loss.name = dpo measures answers against the model that training begins with, and model.from names none; "
        "name the model that is to be tuned: model.from=FOLDER");
  std::string record;
  first_works("looking at the model that answers are measured against",
              [&] { record = base_record(*open_base(p_.config, {}, false, kWords)); });
  record_ = p_.ranks.broadcast_text(std::move(record), 0);
}

void References::first_works(std::string what, const std::function<void()>& work) {
  work_together(p_.ranks, {std::move(what), static_cast<double>(p_.config.checkpoint.timeout_s), {}}, [&] {
    if (first()) work();
  });
}

void References::provide(std::span<const Split> splits) {
  std::vector<Missing> missing;
  for (ReferencedPairs* pairs : p_.pairs)
    for (const Split split : splits) {
      if (pairs->samples(split) == 0 || pairs->has(split)) continue;
      const ReferenceFacts facts = facts_of(*pairs, split);
      if (!read(*pairs, split, facts)) missing.push_back({pairs, split, facts});
    }
  if (!missing.empty()) compute(missing);
}

ReferenceFacts References::facts_of(const ReferencedPairs& pairs, Split split) const {
  return {{"data", pairs.identity()},
          {"split", name_of(split)},
          {"pairs", fmt::format("{}", pairs.samples(split))},
          {"context", fmt::format("{}", p_.config.model.family->context())},
          {"precision", std::string(to_name(p_.config.precision))},
          {"weights", weights_in(record_)}};
}

// The first rank reads for all.
bool References::read(ReferencedPairs& pairs, Split split, const ReferenceFacts& facts) {
  std::optional<std::vector<float>> values;
  first_works("looking for reference log-probabilities",
              [&] { values = read_reference(reference_path(p_.folder, facts), facts); });
  uint8_t found = values ? 1 : 0;
  p_.ranks.broadcast_host(&found, sizeof found, 0);
  if (found == 0) return false;
  if (!values) values.emplace(static_cast<size_t>(2 * pairs.samples(split)));
  p_.ranks.broadcast_host(values->data(), values->size() * sizeof(float), 0);
  pairs.set(split, std::move(*values));
  return true;
}

// Of a run that begins, training verifies it too, but later.
std::unique_ptr<CheckpointReader> References::open_model() const {
  std::unique_ptr<CheckpointReader> model = open_base_together(p_.ranks, p_.config, record_, kWords);
  check_base_and_data(*model, p_.config, p_.pairs.front()->pairs());
  return model;
}

void References::compute(const std::vector<Missing>& missing) {
  const std::unique_ptr<CheckpointReader> reference = open_model();
  const Config config = config_of_reference(p_.config);
  const std::unique_ptr<Stream> stream = p_.device.make_stream(StreamKind::compute);
  Model model(p_.device, *stream, make_loss_graph(config),
              {.dtype = compute_dtype(config.precision), .training = false});
  restore_weights({*reference}, p_.device, *stream, model);
  ReferenceProgress progress(p_.console, first());
  for (const Missing& m : missing) {
    const SplitOutputs outputs{.device = p_.device,
                               .ranks = p_.ranks,
                               .compute = *stream,
                               .model = model,
                               .source = m.pairs->pairs(),
                               .micro_batch = config.batch.micro,
                               .output = kLogProbabilitiesOutput,
                               .progress = [&](int64_t done, int64_t all) { progress(done, all); }};
    const std::vector<float> in_order = outputs_of_split(outputs, m.split);
    std::vector<float> stored(in_order.size());
    for (int64_t i = 0; i < m.pairs->samples(m.split); ++i)
      std::copy_n(in_order.begin() + 2 * i, 2, stored.begin() + 2 * m.pairs->stored_sample(m.split, i));
    if (first()) computed_.push_back({m.facts, stored});
    m.pairs->set(m.split, std::move(stored));
  }
  if (first()) p_.console.end_live();
}

void References::keep() {
  for (Computed& computed : computed_)
    write_reference(reference_path(p_.folder, computed.facts), computed.facts, std::move(computed.values));
  computed_.clear();
}

std::vector<Split> splits_of_training(const Config& config, const Dataset& data) {
  std::vector<Split> splits{Split::train};
  for (const Split split : {Split::validation, Split::test})
    if (evaluates(config) && data.samples(split) > 0) splits.push_back(split);
  return splits;
}

std::filesystem::path reference_folder(const CheckpointReader& checkpoint) {
  return RunPaths(std::filesystem::absolute(checkpoint.folder()).lexically_normal().parent_path().parent_path())
      .reference();
}

}  // namespace convoy
