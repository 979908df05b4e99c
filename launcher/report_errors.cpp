#include "launcher/report_errors.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "comm/mpi/launch_environment.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/comm/fail_together.h"
#include "launcher/binding/thread_limits.h"
#include "launcher/progress/console.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

struct Failure {
  ExitCode code = ExitCode::internal;
  std::string message;
};

// Of the exception being handled.
Failure current_failure() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const std::filesystem::filesystem_error& error) {
    return {ExitCode::internal, FileError("use", error.path1(), error.code().value()).what()};
  } catch (const std::bad_alloc&) {
    return {ExitCode::internal, "out of memory: use a smaller batch.micro or model, or a machine with more memory"};
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::resource_unavailable_try_again)
      return {
          ExitCode::bad_config,
          fmt::format("the system lets this process begin no more threads or processes: {}. Raise the limit that is "
                      "reached, or take fewer ranks or parallel.threads",
                      thread_limits())};
    return {ExitCode::internal, fmt::format("internal error: {}; please report it with the command", error.what())};
  } catch (const std::exception& error) {
    return {ExitCode::internal, fmt::format("internal error: {}; please report it with the command", error.what())};
  } catch (...) {
    return {ExitCode::internal, "internal error of an unknown kind; please report it with the command"};
  }
}

void print(std::string_view message) { Console(STDERR_FILENO, 0).line(fmt::format("trainer: {}", message)); }

}  // namespace

int report_errors(const std::function<int()>& action) noexcept try {
  return action();
} catch (const UsageError& error) {
  if (mpi::launch_environment().rank == 0) print(error.what());
  return static_cast<int>(error.code());
} catch (...) {
  const Failure failure = current_failure();
  print(failure.message);
  return static_cast<int>(failure.code);
}

int finish_output(int exit_code) noexcept {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  print(FileError("write", "standard output", errno).what());
  return exit_code != 0 ? exit_code : static_cast<int>(ExitCode::internal);
}

int report_errors(Communicator& communicator, const std::function<int()>& action) {
  Failure failure;
  try {
    return action();
  } catch (const SharedError&) {
    if (communicator.size() == 1) throw;
    failure = current_failure();
    communicator.barrier_host();  // no rank ends another that is still putting things away
  } catch (...) {
    if (communicator.size() == 1) throw;
    failure = current_failure();
  }
  communicator.abort(failure.code, failure.message);
  std::abort();                           // never reached: g++ overlooks [[noreturn]] of a virtual function
  return static_cast<int>(failure.code);  // not reached; g++ does not see that of a virtual function
}

}  // namespace convoy
