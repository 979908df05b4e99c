// UTF-16 and UTF-32, told from other bytes.
#pragma once

#include <optional>
#include <string_view>

namespace convoy {

struct WideEncoding {
  const char* name;
  const char* iconv_name;
};

// The encoding of a file that begins so, with or without a byte order mark; absent: neither.
std::optional<WideEncoding> wide_encoding_of(std::string_view beginning);

}  // namespace convoy
