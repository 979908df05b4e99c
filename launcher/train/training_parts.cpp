#include "launcher/train/training_parts.h"

#include <fmt/format.h>

#include "comm/failure_report.h"
#include "comm/gradient_sync.h"
#include "comm/make_communicator.h"
#include "core/base/checksum.h"
#include "core/base/error.h"
#include "core/base/logging.h"
#include "core/comm/work_together.h"
#include "core/data/augment/augmented_data.h"
#include "core/train/make_mesh.h"
#include "core/train/run_length.h"
#include "datasets/split_advice.h"
#include "launcher/base_model.h"
#include "launcher/device_choice.h"
#include "launcher/model_and_data.h"
#include "launcher/model_choice.h"
#include "launcher/open_data.h"
#include "launcher/trained_model.h"

namespace convoy {

OpenedData open_training_data(Config& config, Communicator& ranks) {
  OpenedData opened = open_data(config, ranks.size() > 1 ? &ranks : nullptr);
  std::unique_ptr<Dataset>& data = opened.data;
  resolve_model_by_data(config, *data);
  if (!config.data.augment.empty())
    data =
        std::make_unique<AugmentedData>(std::move(data), config.data.augment, static_cast<uint64_t>(config.run.seed));
  if (evaluates(config) && data->facts().stored_in(Split::validation) > 0) require_evaluation_in_training(*data, 1);
  return opened;
}

namespace {

std::unique_ptr<Communicator> communicator_of_devices(const Config& config, Communicator& ranks, DeviceKind kind) {
  return make_device_communicator(ranks, {.device = kind,
                                          .cuda_ordinal = kind == DeviceKind::cuda ? cuda_ordinal(ranks) : 0,
                                          .timeout_s = static_cast<double>(config.parallel.timeout_s)});
}

// The first rank whose device computes otherwise than rank 0's; 0: none. Collective.
int other_rank(const std::string& arithmetic, Communicator& ranks) {
  const std::string mine = checksum_of(std::string_view(arithmetic));
  std::string all(mine.size() * static_cast<size_t>(ranks.size()), ' ');
  ranks.all_gather_host(all.data(), mine.data(), mine.size());
  for (size_t rank = 1; rank < static_cast<size_t>(ranks.size()); ++rank)
    if (all.compare(rank * mine.size(), mine.size(), all, 0, mine.size()) != 0) return static_cast<int>(rank);
  return 0;
}

// Ranks that compute alike are what bits for any number of ranks, and the sentinel's judgement, rest on. Collective.
void check_devices_alike(const Config& config, const Device& device, Communicator& ranks) {
  const std::string mine = device.arithmetic();
  const int other = other_rank(mine, ranks);
  if (other == 0) return;
  const std::string first = ranks.broadcast_text(mine, 0), second = ranks.broadcast_text(mine, other);
  const std::string found = fmt::format(
      "rank 0 computes on {}, rank {} on {}: of the same numbers they make other bits", first, other, second);
  if (config.parallel.reproducible || config.parallel.sentinel_every > 0)
    throw SharedError(
        ExitCode::bad_config,
        fmt::format("{}, so that neither parallel.reproducible nor parallel.sentinel_every can hold; take "
                    "GPUs and libraries of one kind, or set parallel.reproducible=false and "
                    "parallel.sentinel_every=0",
                    found));
  if (ranks.rank() == 0) logging::warn("{}", found);
}

// The data must be of the tokenizer or the fields of the model that training begins with, where that knows of any.
std::unique_ptr<CheckpointReader> checked(std::unique_ptr<CheckpointReader> model, const Config& config,
                                          const Dataset& data) {
  check_base_and_data(*model, config, data);
  return model;
}

}  // namespace

TrainingMachine::TrainingMachine(const Config& config, Communicator& ranks)
    : ranks_(ranks),
      device_(make_device(config, ranks)),
      of_devices_(communicator_of_devices(config, ranks, device_->info().kind)),
      mesh_(make_mesh(config.parallel, communicator(), parameters_of(config))) {
  check_devices_alike(config, *device_, ranks);
}

std::string TrainingMachine::identity() const {
  const DeviceInfo info = device_->info();
  return fmt::format("{} ({}{}{})", host_name(), info.name, info.serial.empty() ? "" : ", serial ", info.serial);
}

void warn_of_other_device(const CheckpointReader& checkpoint, const Device& device) {
  const TrainingPosition& position = checkpoint.position();
  if (position.device.empty() || position.device == device.arithmetic()) return;
  logging::warn("step {} was computed on {}, what follows is on {}: not with the bits that it would have had there",
                position.step, position.device, device.arithmetic());
}

TrainerParts trainer_parts(const Config& config, Dataset& data, TrainingMachine& machine, int64_t virtual_ranks,
                           const std::string& base) {
  TrainerParts parts{.config = config,
                     .device = machine.device(),
                     .mesh = machine.mesh(),
                     .source = data,
                     .graph = make_loss_graph(config)};
  check_inputs(parts.graph, data);
  parts.virtual_ranks = virtual_ranks;
  Communicator& ranks = machine.communicator();
  if (config.model.adapter.is_there())
    parts.base = [&config, &data, &ranks, base] {
      return checked(open_base_together(ranks, config, base), config, data);
    };
  else if (!config.model.from.empty())
    parts.begin_with = [&config, &data, &ranks] { return checked(open_model_together(ranks, config), config, data); };
  parts.gradient_sync = gradient_sync_maker();
  parts.class_names = class_names(parts.graph, data);
  parts.who = machine.identity();
  return parts;
}

}  // namespace convoy
