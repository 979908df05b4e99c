// Whether two datasets mean the same by their samples, as their files "dataset.json" tell.
#pragma once

#include <string>

namespace convoy {

// What sets `found` apart: "column 2 of x is "height", not "weight"". Empty: names, shapes, columns and
// classes are the same; statistics may differ. Throws DataError if a text is no such file.
std::string difference_of_fields(const std::string& wanted, const std::string& found);

}  // namespace convoy
