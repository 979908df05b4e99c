// Where messages go: warnings of all folders (through spdlog's default logger) and the lines of log.txt.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "launcher/progress/console.h"

namespace spdlog {
class logger;
}

namespace convoy {

// From now on spdlog's default logger writes to standard error, "trainer: warning: ...": standard output is for
// results.
void log_to_standard_error();

// Takes over spdlog's default logger while it lives. Rank 0: messages reach the console, above the live line, and
// log.txt. Other ranks: warnings reach standard error, naming the rank.
class LogOutput {
 public:
  LogOutput(Console& console, int rank);
  ~LogOutput();
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;

  // Rank 0: from now on to this file too, at its end. If it cannot be opened, or written later, the console is told
  // once.
  void open_file(const std::filesystem::path& log_file);
  // A line, or several, for log.txt alone, with the time in front; nothing before open_file.
  void file_line(std::string_view text);

 private:
  Console& console_;
  std::shared_ptr<spdlog::logger> before_, file_;
};

}  // namespace convoy
