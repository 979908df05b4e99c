// The first row of a table: names of its columns, and which of them is the target.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace convoy {

struct TableHeader {
  std::vector<std::string> names;  // of all columns
  size_t target = 0;

  std::vector<std::string> features() const;  // names of the others, in order
};

// Throws DataError without the file's name: a column without a name or with another's, no such target, nothing but it,
// or a row of numbers where names are wanted.
TableHeader read_header(std::span<const std::string> cells, const std::string& target);

}  // namespace convoy
