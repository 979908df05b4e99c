// Names with commas between them, as options have them: "a,b". A name with a comma stands in quotation marks.
#pragma once

#include <string>
#include <vector>

namespace convoy {

std::vector<std::string> split_list(const std::string& text);

}  // namespace convoy
