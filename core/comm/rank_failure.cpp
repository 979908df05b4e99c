#include "core/comm/rank_failure.h"

#include <utility>

#include "core/comm/fail_together.h"

namespace convoy {

RankFailure failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const std::exception& error) {
    return {ExitCode::internal, error.what()};
  }
  return {};
}

void throw_failure_of(int rank, RankFailure mine, Communicator& communicator) {
  communicator.broadcast_host(&mine.code, sizeof mine.code, rank);
  throw SharedError(mine.code, communicator.broadcast_text(std::move(mine.message), rank));
}

}  // namespace convoy
