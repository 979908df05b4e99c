// Messages to the person who runs the program, through spdlog's default logger: launcher/log_output.h says where they
// go. Formats as fmt::format does. spdlog's own header takes two seconds to compile in each file that formats with it.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace convoy::logging {

enum class Level { info, warn, error };

// From any thread.
void message(Level level, std::string_view text);

template <class... Values>
void info(fmt::format_string<Values...> format, Values&&... values) {
  message(Level::info, fmt::format(format, std::forward<Values>(values)...));
}

template <class... Values>
void warn(fmt::format_string<Values...> format, Values&&... values) {
  message(Level::warn, fmt::format(format, std::forward<Values>(values)...));
}

template <class... Values>
void error(fmt::format_string<Values...> format, Values&&... values) {
  message(Level::error, fmt::format(format, std::forward<Values>(values)...));
}

}  // namespace convoy::logging
