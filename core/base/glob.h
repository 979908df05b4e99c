// Patterns of names: * is any letters, ? is one, [abc] is one of these.
#pragma once

#include <string>
#include <vector>

namespace convoy {

bool glob_matches(const std::string& pattern, const std::string& name);

// The names that the fewest changes of the pattern's letters would make it match, at most `most`, nearest first.
std::vector<std::string> nearest_matches(const std::string& pattern, const std::vector<std::string>& names,
                                         size_t most);

}  // namespace convoy
