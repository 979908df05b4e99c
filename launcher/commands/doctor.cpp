#include <cstdio>

#include "comm/make_communicator.h"
#include "launcher/binding/bind_rank.h"
#include "launcher/commands/commands.h"
#include "launcher/doctor/doctor_report.h"
#include "launcher/report_errors.h"

namespace convoy {
namespace {

// What doctor is asked about is often broken: it says so in its report and goes on with one rank.
int run_doctor() {
  const std::string network = choose_network(Config());
  std::string mismatch;
  std::unique_ptr<Communicator> communicator;
  try {
    communicator = make_communicator({.timeout_s = 30});
  } catch (const ConfigError& error) {
    mismatch = error.what();
    communicator = make_communicator({.kind = CommunicatorKind::local});
  }
  return report_errors(*communicator, [&] {
    const DoctorReport report = examine(*communicator, mismatch, network);
    if (communicator->rank() == 0) std::fputs(report.text.c_str(), stdout);
    return static_cast<int>(report.problems.empty() ? ExitCode::done : ExitCode::bad_config);
  });
}

}  // namespace

void add_doctor_command(CommandLine& line) {
  Command command = line.command("doctor", "Say what devices, MPI and libraries are here, and which rank sees what");
  command.footer(
      "Start it as the training will be started: mpirun -np 4 trainer doctor. Exit code 2: there is a problem.");
  command.run(run_doctor);
}

}  // namespace convoy
