#include "core/base/logging.h"

#include <spdlog/spdlog.h>

namespace convoy::logging {

void message(Level level, std::string_view text) {
  constexpr auto level_of = [](Level from) {
    return from == Level::info ? spdlog::level::info : from == Level::warn ? spdlog::level::warn : spdlog::level::err;
  };
  spdlog::log(level_of(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace convoy::logging
