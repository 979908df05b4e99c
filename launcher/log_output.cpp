#include "launcher/log_output.h"

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <utility>

#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "core/base/logging.h"

namespace convoy {
namespace {

// "warning: the message"; what is only information says so by having no name.
std::string with_level(const spdlog::details::log_msg& message) {
  const std::string_view text(message.payload.data(), message.payload.size());
  if (message.level < spdlog::level::warn) return std::string(text);
  return fmt::format("{}: {}", message.level == spdlog::level::warn ? "warning" : "error", text);
}

class ConsoleSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit ConsoleSink(Console& console) : console_(console) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override { console_.line(with_level(message)); }
  void flush_() override {}
  Console& console_;
};

// One write a line, so that lines of several ranks do not mix.
class StandardErrorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StandardErrorSink(std::string speaker) : speaker_(std::move(speaker)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    error_console_.line(fmt::format("{} {}", speaker_, with_level(message)));
  }
  void flush_() override {}
  std::string speaker_;
  Console error_console_{STDERR_FILENO, 0};
};

// Hands messages of the default logger on to the file's.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::shared_ptr<spdlog::logger> file) : file_(std::move(file)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override { file_->info("{}", readable(with_level(message))); }
  void flush_() override { file_->flush(); }
  std::shared_ptr<spdlog::logger> file_;
};

}  // namespace

void log_to_standard_error() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("trainer", std::make_shared<StandardErrorSink>("trainer:")));
}

LogOutput::LogOutput(Console& console, int rank) : console_(console), before_(spdlog::default_logger()) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (rank == 0)
    sink = std::make_shared<ConsoleSink>(console);
  else
    sink = std::make_shared<StandardErrorSink>(fmt::format("[rank {}]", rank));
  auto logger = std::make_shared<spdlog::logger>("trainer", std::move(sink));
  logger->set_level(rank == 0 ? spdlog::level::info : spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

LogOutput::~LogOutput() { spdlog::set_default_logger(before_); }

void LogOutput::open_file(const std::filesystem::path& log_file) try {
  auto file = std::make_shared<spdlog::logger>(
      "log.txt", std::make_shared<spdlog::sinks::basic_file_sink_mt>(log_file.string(), false));
  file->set_pattern("%Y-%m-%d %H:%M:%S  %v");
  file->flush_on(spdlog::level::info);
  // Past the default logger, which waits for the message that just failed.
  file->set_error_handler([this, told = false](const std::string& reason) mutable {
    if (!std::exchange(told, true)) console_.line(fmt::format("warning: log.txt is not whole: {}", reason));
  });
  file_ = std::move(file);
  spdlog::default_logger()->sinks().push_back(std::make_shared<FileSink>(file_));
} catch (const spdlog::spdlog_ex& error) {
  logging::warn("what is shown here goes into no log.txt: {}", error.what());
}

void LogOutput::file_line(std::string_view line) {
  if (!file_) return;
  const std::string written = readable(line);
  std::string_view text = written;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    file_->info("{}", text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  file_->info("{}", text);
}

}  // namespace convoy
