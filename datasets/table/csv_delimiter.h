// What stands between the cells of a table.
#pragma once

#include <string>

#include "datasets/table/csv_blocks.h"

namespace convoy {

// "comma", "semicolon", "tab", "bar".
std::string name_of_delimiter(char delimiter);
// Of the character itself, its name or "\t"; "auto": 0. Throws ConfigError in the words of --delimiter.
char delimiter_named(const std::string& text);

// The delimiter that makes most of equally many cells in all of the first rows; comma where none does.
char find_delimiter(const CsvBlock& beginning);

}  // namespace convoy
