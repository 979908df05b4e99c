// Dates as numbers: days since 1970-01-01.
#pragma once

#include <string_view>

namespace convoy {

// ISO 8601 and its kin: 2024-03-05, 2024/03/05 and 05.03.2024, with or without a time behind a T or a space: 14:30,
// 14:30:05, 14:30:05.25, then Z or +02:00, which counts. Years 1 to 9999; only days that are.
bool parse_date(std::string_view text, double& days);

}  // namespace convoy
