#include "launcher/profile/step_profiler.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/logging.h"
#include "launcher/profile/profile_files.h"

namespace convoy {

static constexpr int64_t kWarmUp = 3;  // steps

StepProfiler::StepProfiler(Device& device, int64_t steps, RunPaths paths, Console& console)
    : device_(device.info().name),
      ceilings_(measured_ceilings(device)),
      profile_(device),
      steps_(steps),
      paths_(std::move(paths)),
      console_(console) {}

StepProfiler::~StepProfiler() {
  if (seen_ < kWarmUp + steps_)
    logging::warn("no profile was written: log.profile_steps = {} wants {} steps of a start, this one had {}", steps_,
                  kWarmUp + steps_, seen_);
}

void StepProfiler::on_step(const StepMetrics& step) {
  ++seen_;
  if (seen_ > kWarmUp && seen_ <= kWarmUp + steps_) ms_ += step.step_ms;
  if (seen_ == kWarmUp) profile_.start();
  if (seen_ == kWarmUp + steps_) write();
}

// A profile that cannot be written costs no run.
void StepProfiler::write() try {
  const StepsProfile profile{device_, steps_, ms_ / static_cast<double>(steps_), ceilings_, profile_.stop()};
  write_file_atomically(paths_.profile_text(), profile_text(profile));
  write_file_atomically(paths_.profile_json(), profile_json(profile));
  console_.line(fmt::format("profile of {} steps: {}", steps_, paths_.profile_text().string()));
} catch (const FileError& error) {
  logging::warn("no profile was written: {}", error.what());
}

}  // namespace convoy
