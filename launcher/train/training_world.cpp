#include "launcher/train/training_world.h"

#include <fmt/format.h>

#include "comm/failure_report.h"
#include "comm/gradient_sync.h"
#include "comm/make_communicator.h"
#include "core/base/error.h"
#include "core/train/make_mesh.h"
#include "datasets/kinds.h"
#include "datasets/split_advice.h"
#include "launcher/device_choice.h"
#include "launcher/model_and_data.h"
#include "launcher/model_choice.h"

namespace convoy {

void TrainingWorld::open_data() {
  dataset_ = open_dataset(config_.data.path, dataset_needs(config_));
  const std::string here = dataset_->identity(), first = ranks_.broadcast_text(here, 0);
  if (here != first)
    throw DataError(
        fmt::format("rank {} on {} finds other data in {} ({}) than the first rank ({}); copy the first rank's "
                    "there, or name a folder that all hosts share in data.path",
                    ranks_.rank(), host_name(), config_.data.path, here, first));
  resolve_model_by_data(config_, *dataset_);
  if (config_.evaluate.batches > 0 && dataset_->facts().stored_in(Split::validation) > 0)
    require_evaluation_in_training(*dataset_, 1);
}

void TrainingWorld::make_device() {
  device_ = convoy::make_device(config_, ranks_);
  const DeviceKind kind = device_->info().kind;
  device_communicator_ =
      make_device_communicator(ranks_, {.device = kind,
                                        .cuda_ordinal = kind == DeviceKind::cuda ? cuda_ordinal(ranks_) : 0,
                                        .timeout_s = static_cast<double>(config_.parallel.timeout_s)});
  mesh_.emplace(make_mesh(config_.parallel, communicator()));
}

TrainerParts TrainingWorld::parts(int64_t virtual_ranks) {
  TrainerParts parts{
      .config = config_, .device = *device_, .mesh = *mesh_, .source = *dataset_, .graph = make_loss_graph(config_)};
  check_inputs(parts.graph, *dataset_);
  parts.virtual_ranks = virtual_ranks;
  parts.gradient_sync = gradient_sync_maker();
  parts.who = identity();
  return parts;
}

std::string TrainingWorld::identity() const {
  const DeviceInfo info = device_->info();
  return fmt::format("{} ({}{}{})", host_name(), info.name, info.serial.empty() ? "" : ", serial ", info.serial);
}

}  // namespace convoy
