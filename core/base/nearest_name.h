// "Did you mean": the known name closest to a mistyped one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convoy {

// Insertions, deletions, substitutions and swaps of neighbouring letters that turn one into the other
// (optimal string alignment).
int edit_distance(std::string_view a, std::string_view b);

// The candidate with the smallest distance, the earlier one of equals; absent if even that one is too far to be meant
// (more than a third of the letters, but two are always allowed).
std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// "; did you mean NAME?", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace convoy
