#include "launcher/log_output.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "core/base/logging.h"

namespace convoy {
namespace {

TEST(LogOutput, MessagesReachTheFileAndProgressOnlyTheFile) {
  const std::string path = testing::TempDir() + "convoy_log.txt";
  std::filesystem::remove(path);
  Console nowhere(-1, 0);
  {
    LogOutput log(nowhere, 0);
    logging::warn("before there is a file");
    log.open_file(path);
    log.file_line("step 1");
    logging::info("for your information");
    logging::warn("disk is nearly full");
  }
  spdlog::default_logger()->set_level(spdlog::level::off);
  logging::warn("afterwards");
  spdlog::default_logger()->set_level(spdlog::level::info);
  std::ifstream file(path);
  const std::string text = (std::ostringstream() << file.rdbuf()).str();
  EXPECT_EQ(text.find("before"), std::string::npos);
  EXPECT_EQ(text.find("afterwards"), std::string::npos);
  EXPECT_NE(text.find("  step 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  for your information\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  warning: disk is nearly full\n"), std::string::npos) << text;
}

TEST(LogOutput, OtherRanksTellTheirWarningsOnStandardError) {
  testing::internal::CaptureStderr();
  {
    Console nowhere(-1, 0);
    LogOutput log(nowhere, 3);
    logging::info("not this");
    logging::warn("but this");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "[rank 3] warning: but this\n");
}

TEST(LogOutput, WithoutAFileTheConsoleIsTold) {
  testing::internal::CaptureStdout();
  {
    Console console(STDOUT_FILENO, 0);
    LogOutput log(console, 0);
    log.open_file("/proc/nothing/log.txt");
    log.file_line("step 1");
    logging::warn("and on");
  }
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_NE(said.find("warning: what is shown here goes into no log.txt"), std::string::npos) << said;
  EXPECT_NE(said.find("warning: and on\n"), std::string::npos) << said;
}

TEST(LogOutput, AFileThatTakesNoMoreIsToldOnce) {
  testing::internal::CaptureStdout();
  {
    Console console(STDOUT_FILENO, 0);
    LogOutput log(console, 0);
    log.open_file("/dev/full");
    for (int i = 0; i < 3; ++i) log.file_line("step 1");
    logging::warn("and on");
  }
  const std::string said = testing::internal::GetCapturedStdout();
  const size_t first = said.find("warning: log.txt is not whole");
  ASSERT_NE(first, std::string::npos) << said;
  EXPECT_EQ(said.find("log.txt is not whole", first + 30), std::string::npos) << said;
  EXPECT_NE(said.find("warning: and on\n"), std::string::npos) << said;
}

}  // namespace
}  // namespace convoy
