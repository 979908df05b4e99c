// Large counts for people: 1234567 as "1,234,567".
#pragma once

#include <cstdint>
#include <string>

namespace convoy {

inline std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (auto place = static_cast<int64_t>(digits.size()) - 3; place > 0; place -= 3)
    digits.insert(static_cast<size_t>(place), 1, ',');
  return digits;
}

}  // namespace convoy
