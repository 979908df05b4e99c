// What can go wrong, by whose hand it is mended. The library throws these; only `main` turns them into exit codes.
//
// Every message says what was found, what was wanted and what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace convoy {

enum class ExitCode : int {
  done = 0,
  bad_config = 2,          // configuration or usage
  bad_data = 3,            // dataset, tokenizer or text
  bad_checkpoint = 4,      // damaged, missing or of another shape
  internal = 70,           // a broken invariant, or a library or system call that failed
  timed_out = 71,          // a collective did not finish within parallel.timeout_s
  wrong_bits = 72,         // a device computed other bits than its peer
  saved_and_stopped = 85,  // stopped by a signal, after saving; Slurm requeues on it
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

struct ConfigError : Error {
  explicit ConfigError(const std::string& message) : Error(ExitCode::bad_config, message) {}
};
struct DataError : Error {
  explicit DataError(const std::string& message) : Error(ExitCode::bad_data, message) {}
};
struct CheckpointError : Error {
  explicit CheckpointError(const std::string& message) : Error(ExitCode::bad_checkpoint, message) {}
};
struct InternalError : Error {
  explicit InternalError(const std::string& message) : Error(ExitCode::internal, message) {}
};
struct TimeoutError : Error {
  explicit TimeoutError(const std::string& message) : Error(ExitCode::timed_out, message) {}
};

}  // namespace convoy
