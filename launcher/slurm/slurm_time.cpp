#include "launcher/slurm/slurm_time.h"

#include <fmt/format.h>

#include <regex>

#include "core/base/integers.h"

namespace convoy {

std::optional<int64_t> slurm_seconds(const std::string& text) {
  static const std::regex kForever("UNLIMITED|INFINITE", std::regex::icase);
  static const std::regex kPlain(R"((?:(?:(\d{1,9}):)?(\d{1,9}):(\d{1,9})|(\d{1,9})))");  // h:m:s, m:s or m
  static const std::regex kDays(R"((\d{1,9})-(\d{1,9})(?::(\d{1,9})(?::(\d{1,9}))?)?)");  // d-h, d-h:m or d-h:m:s
  std::smatch parts;
  const auto part = [&](size_t i) { return parts[i].matched ? std::stoll(parts[i]) : 0; };
  int64_t seconds = 0;
  if (std::regex_match(text, kForever))
    return kUnlimited;
  else if (std::regex_match(text, parts, kPlain))
    seconds = part(1) * 3600 + (part(2) + part(4)) * 60 + part(3);
  else if (std::regex_match(text, parts, kDays))
    seconds = ((part(1) * 24 + part(2)) * 60 + part(3)) * 60 + part(4);
  else
    return std::nullopt;
  return seconds == 0 ? kUnlimited : round_up<int64_t>(seconds, 60);
}

std::string slurm_time(int64_t seconds) {
  const int64_t minutes = ceil_div<int64_t>(seconds, 60), days = minutes / (24 * 60);
  const std::string hours = fmt::format("{:02}:{:02}:00", minutes / 60 % 24, minutes % 60);
  return days > 0 ? fmt::format("{}-{}", days, hours) : hours;
}

}  // namespace convoy
