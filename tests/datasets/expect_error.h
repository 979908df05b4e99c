// EXPECT_DATA_ERROR(statement, "part", "part"...): throws DataError whose message has all the parts.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "core/base/error.h"

namespace convoy {

template <class Work>
void expect_data_error(Work&& work, std::initializer_list<std::string> parts) {
  try {
    work();
    ADD_FAILURE() << "threw nothing";
  } catch (const DataError& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    for (const std::string& part : parts)
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << "wanted: " << part << "\n" << error.what();
  }
}

#define EXPECT_DATA_ERROR(statement, ...)                           \
  do {                                                              \
    SCOPED_TRACE(#statement);                                       \
    ::convoy::expect_data_error([&] { statement; }, {__VA_ARGS__}); \
  } while (false)

}  // namespace convoy
