#include "core/comm/fail_together.h"

#include <algorithm>
#include <vector>

#include "core/comm/rank_failure.h"

namespace convoy {

void fail_together(Communicator& communicator, const std::function<void()>& work) {
  const RankFailure mine = failure_of(work);
  std::vector<uint8_t> failures(static_cast<size_t>(communicator.size()));
  const uint8_t failed_here = mine.happened() ? 1 : 0;
  communicator.all_gather_host(failures.data(), &failed_here, sizeof failed_here);
  const auto failed = std::ranges::find(failures, uint8_t{1});
  if (failed != failures.end()) throw_failure_of(static_cast<int>(failed - failures.begin()), mine, communicator);
}

}  // namespace convoy
