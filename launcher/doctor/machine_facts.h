// Devices and libraries of this machine.
#pragma once

#include <string>
#include <vector>

namespace convoy {

// Lines "title     fact". What keeps training from working is added to problems.
std::string machine_facts(std::vector<std::string>& problems);

}  // namespace convoy
