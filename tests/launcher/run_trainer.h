// Runs the built `trainer` as a person does, and says what came of it.
#pragma once

#include <string>

namespace convoy {

struct ProgramResult {
  int exit_code = 0;  // 128 + signal if a signal ended it
  std::string output, errors;
};

// Words as a shell reads them, in an empty working folder made for this call's name; environment: "KEY=value ..." or
// "". The working folder is kept between calls of one name.
ProgramResult run_trainer(const std::string& words, const std::string& folder_name = "trainer",
                          const std::string& environment = "");

}  // namespace convoy
