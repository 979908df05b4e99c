#include "core/comm/fail_together.h"

#include <algorithm>
#include <vector>

namespace convoy {
namespace {

struct Failure {
  int code = 0;  // none
  std::string message;
};

Failure failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return {static_cast<int>(error.code()), error.what()};
  } catch (const std::exception& error) {
    return {static_cast<int>(ExitCode::internal), error.what()};
  }
  return {};
}

}  // namespace

void fail_together(Communicator& communicator, const std::function<void()>& work) {
  const Failure mine = failure_of(work);
  std::vector<int> codes(static_cast<size_t>(communicator.size()));
  communicator.all_gather_host(codes.data(), &mine.code, sizeof mine.code);
  const auto failed = std::find_if(codes.begin(), codes.end(), [](int code) { return code != 0; });
  if (failed == codes.end()) return;
  throw SharedError(static_cast<ExitCode>(*failed),
                    communicator.broadcast_text(mine.message, static_cast<int>(failed - codes.begin())));
}

}  // namespace convoy
